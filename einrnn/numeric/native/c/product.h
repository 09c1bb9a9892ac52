/* C = A B for matrices with any strides. Blocks of A and B are copied into panels that are read
   one after the other; a tile of C stays in registers while a block of the sum runs past it. */

/* rows x (vectors * LANES) entries of C: its first `columns` are written or, with add, added to */
INLINE void tile(const int rows, const int vectors, long depth, const real *a, const long a_row,
                 const long a_step, const real *b, const long b_step, struct matrix c, long columns,
                 int add)
{
    vec sum[TILE_ROWS][2] = {{{0}}};
    /* C is far away, and needed last */
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
        __builtin_prefetch(c.at + r * c.row, 1);
    for (long k = 0; k < depth; k++) {
        vec right[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            right[v] = ((const vec *)b)[v];
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++)
                sum[r][v] += a[r * a_row] * right[v];
        a += a_step;
        b += b_step;
    }
    if (c.column == 1 && columns == vectors * LANES) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) {
                vec *to = (vec *)(c.at + r * c.row) + v;
                if (add)
                    sum[r][v] += *to;
                *to = sum[r][v];
            }
        return;
    }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++) {
        real line[2 * LANES];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            ((vec *)line)[v] = sum[r][v];
        for (long j = 0; j < columns; j++) {
            real *to = c.at + r * c.row + j * c.column;
            *to = add ? *to + line[j] : line[j];
        }
    }
}

#define CASE(n)                                                                                    \
    case n:                                                                                        \
        if (vectors == 2) tile(n, 2, depth, a, a_row, a_step(n), b, b_step, c, columns, add);      \
        else tile(n, 1, depth, a, a_row, a_step(n), b, b_step, c, columns, add);                   \
        break;
#if TILE_ROWS == 12
#define CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
#else
#define CASES CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#endif

CALLED void tile_packed(int rows, int vectors, long depth, const real *a, const real *b,
                        long b_step, struct matrix c, long columns, int add)
{
    const long a_row = 1;
#define a_step(n) n
    switch (rows) { CASES }
#undef a_step
}

CALLED void tile_direct(int rows, int vectors, long depth, const real *a, long a_row,
                        const real *b, long b_step, struct matrix c, long columns, int add)
{
#define a_step(n) 1
    switch (rows) { CASES }
#undef a_step
}

/* a block of rows times a block of columns; b has panels, or rows b_step apart */
INLINE void block(long rows, long columns, long depth, struct matrix a, const real *packed,
                  const real *b, long panel_step, long b_step, struct matrix c, int add)
{
    long panels = panels_of(rows);
    for (long j = 0; j < columns; j += PANEL, b += panel_step) {
        long width = smaller(PANEL, columns - j);
        int vectors = width > LANES ? 2 : 1;
        for (long p = 0; p < panels; p++) {
            long first = rows * p / panels, height = rows * (p + 1) / panels - first;
            if (packed)
                tile_packed(height, vectors, depth, packed + first * depth, b, b_step,
                            part(c, first, j), width, add);
            else
                tile_direct(height, vectors, depth, a.at + first * a.row, a.row, b, b_step,
                            part(c, first, j), width, add);
        }
    }
}

/* where the block of all panels from row k, column j begins: k * PANELS(1, columns) + j * depth */
CALLED void pack_whole(long depth, long columns, struct matrix b, real *to, int worker, int workers)
{
    long whole = PANELS(1, columns);
    long lo = share(columns, PANEL, worker, workers), hi = share(columns, PANEL, worker + 1, workers);
    for (long k = 0; k < depth; k += DEPTH) {
        long part_depth = smaller(DEPTH, depth - k);
        pack_right(part_depth, hi - lo, part(b, k, lo), to + k * whole + lo * part_depth);
    }
}

/* C = A B where all of B is in panels already */
CALLED void product_packed(long rows, long columns, long depth, struct matrix a, const real *b,
                           struct matrix c, real *room)
{
    long whole = PANELS(1, columns);
    int direct = a.column == 1 && columns <= 4 * PANEL;
    for (long k = 0; k < depth; k += DEPTH) {
        long d = smaller(DEPTH, depth - k);
        for (long i = 0; i < rows; i += HEIGHT) {
            long h = smaller(HEIGHT, rows - i);
            if (!direct)
                pack_left(h, d, part(a, i, k), room);
            block(h, columns, d, part(a, i, k), direct ? 0 : room, b + k * whole, PANEL * d, PANEL,
                  part(c, i, 0), k > 0);
        }
    }
    if (depth == 0)
        for (long i = 0; i < rows; i++)
            for (long j = 0; j < columns; j++)
                *part(c, i, j).at = 0;
}

/* Few rows: all of them stay in a cache while the columns of B pass through it, panel by panel. */
CALLED void product_low(long rows, long columns, long depth, struct matrix a, struct matrix b,
                        struct matrix c, real *room)
{
    int direct = a.column == 1 && columns <= 4 * PANEL;
    real *right = room + HEIGHT * DEPTH + LANES;
    for (long k = 0; k < depth; k += DEPTH) {
        long d = smaller(DEPTH, depth - k);
        struct matrix left = part(a, 0, k);
        if (!direct)
            pack_left(rows, d, left, room);
        for (long j = 0; j < columns; j += PANEL) {
            long width = smaller(PANEL, columns - j);
            struct matrix own = part(b, k, j);
            /* a panel that is read once is read where it is */
            int there = rows <= TILE_ROWS && b.column == 1 && width == PANEL;
            if (!there)
                pack_panel(d, width, own, right);
            block(rows, width, d, left, direct ? 0 : room, there ? own.at : right, 0,
                  there ? b.row : PANEL, part(c, 0, j), k > 0);
        }
    }
}

CALLED void product(long rows, long columns, long depth, struct matrix a, struct matrix b,
                    struct matrix c, real *room)
{
    if (c.column != 1 && c.row == 1) {
        product(columns, rows, depth, transposed(b), transposed(a), transposed(c), room);
        return;
    }
    if (rows <= HEIGHT) {
        product_low(rows, columns, depth, a, b, c, room);
        return;
    }
    int direct = a.column == 1 && columns <= 4 * PANEL;
    real *right = room + HEIGHT * DEPTH + LANES;
    for (long j = 0; j < columns; j += WIDTH)
        for (long k = 0; k < depth; k += DEPTH) {
            long w = smaller(WIDTH, columns - j), d = smaller(DEPTH, depth - k);
            pack_right(d, w, part(b, k, j), right);
            for (long i = 0; i < rows; i += HEIGHT) {
                long h = smaller(HEIGHT, rows - i);
                struct matrix left = part(a, i, k);
                if (!direct)
                    pack_left(h, d, left, room);
                block(h, w, d, left, direct ? 0 : room, right, PANEL * d, PANEL, part(c, i, j), k > 0);
            }
        }
}
