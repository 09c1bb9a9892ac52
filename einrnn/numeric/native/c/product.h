/* C = A B for matrices with any strides. Blocks of A and B are copied into panels that are read
   one after the other; a tile of C stays in registers while a block of the sum runs past it. */
#if defined(__AVX512F__)
#define TILE_ROWS 12
#else
#define TILE_ROWS 6
#endif
#define PANEL (2 * LANES)
#define DEPTH (sizeof(real) == 4 ? 256L : 192L)
#define HEIGHT (16L * TILE_ROWS)
#define WIDTH 1024L
/* entries of memory that a product needs beside its operands */
#define ROOM (DEPTH * (HEIGHT + WIDTH + PANEL))

struct matrix { real *at; long row, column; };

INLINE struct matrix part(struct matrix m, long row, long column)
{
    m.at += row * m.row + column * m.column;
    return m;
}

/* rows x (vectors * LANES) entries of C: its first `columns` are written or, with add, added to */
INLINE void tile(const int rows, const int vectors, long depth, const real *a, const long a_row,
                 const long a_step, const real *b, const long b_step, struct matrix c, long columns,
                 int add)
{
    vec sum[TILE_ROWS][2] = {{{0}}};
    for (long k = 0; k < depth; k++) {
        vec right[2];
        for (int v = 0; v < vectors; v++)
            right[v] = ((const vec *)b)[v];
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++)
                sum[r][v] += a[r * a_row] * right[v];
        a += a_step;
        b += b_step;
    }
    if (c.column == 1 && columns == vectors * LANES) {
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) {
                vec *to = (vec *)(c.at + r * c.row) + v;
                if (add)
                    sum[r][v] += *to;
                *to = sum[r][v];
            }
        return;
    }
    for (int r = 0; r < rows; r++) {
        real line[2 * LANES];
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

/* Columns of B in panels, the rest of the last one zero. A panel has `depth` rows. */
CALLED void pack_right(long depth, long columns, struct matrix b, real *to)
{
    for (long j = 0; j < columns; j += PANEL, to += depth * PANEL) {
        long width = smaller(PANEL, columns - j);
        const real *from = b.at + j * b.column;
        if (width < PANEL)
            memset(to, 0, depth * PANEL * sizeof(real));
        if (b.column == 1 && width == PANEL)
            for (long k = 0; k < depth; k++) {
                ((vec *)(to + k * PANEL))[0] = ((const vec *)(from + k * b.row))[0];
                ((vec *)(to + k * PANEL))[1] = ((const vec *)(from + k * b.row))[1];
            }
        else if (b.column == 1)
            for (long k = 0; k < depth; k++)
                for (long i = 0; i < width; i++)
                    to[k * PANEL + i] = from[k * b.row + i];
        else
            for (long k0 = 0; k0 < depth; k0 += 16)
                for (long i = 0; i < width; i++)
                    for (long k = k0; k < smaller(depth, k0 + 16); k++)
                        to[k * PANEL + i] = from[k * b.row + i * b.column];
    }
}

/* Rows of A in panels of at most TILE_ROWS, evenly cut. */
CALLED void pack_left(long rows, long depth, struct matrix a, real *to)
{
    long panels = (rows + TILE_ROWS - 1) / TILE_ROWS;
    for (long p = 0; p < panels; p++) {
        long first = rows * p / panels, height = rows * (p + 1) / panels - first;
        const real *from = a.at + first * a.row;
        if (height == TILE_ROWS && a.row == 1)
            for (long k = 0; k < depth; k++)
                for (long r = 0; r < TILE_ROWS; r++)
                    to[k * TILE_ROWS + r] = from[r + k * a.column];
        else if (height == TILE_ROWS)
            for (long k = 0; k < depth; k++)
                for (long r = 0; r < TILE_ROWS; r++)
                    to[k * TILE_ROWS + r] = from[r * a.row + k * a.column];
        else
            for (long k = 0; k < depth; k++)
                for (long r = 0; r < height; r++)
                    to[k * height + r] = from[r * a.row + k * a.column];
        to += height * depth;
    }
}

/* a block of rows times a block of columns; b has panels, or rows b_step apart */
INLINE void block(long rows, long columns, long depth, struct matrix a, const real *packed,
                  const real *b, long panel_step, long b_step, struct matrix c, int add)
{
    long panels = (rows + TILE_ROWS - 1) / TILE_ROWS;
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

/* entries of the panels of a whole matrix, and where its block from row k, column j begins */
#define PANELS(depth, columns) ((depth) * (((columns) + PANEL - 1) / PANEL) * PANEL)

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

CALLED void product(long rows, long columns, long depth, struct matrix a, struct matrix b,
                    struct matrix c, real *room)
{
    int direct = a.column == 1 && columns <= 4 * PANEL;
    real *right = room + HEIGHT * DEPTH;
    for (long j = 0; j < columns; j += WIDTH)
        for (long k = 0; k < depth; k += DEPTH) {
            long w = smaller(WIDTH, columns - j), d = smaller(DEPTH, depth - k);
            /* few rows: whole panels of B are read where they are */
            long there = b.column == 1 && rows <= 12 * TILE_ROWS ? w / PANEL * PANEL : 0;
            pack_right(d, w - there, part(b, k, j + there), right);
            for (long i = 0; i < rows; i += HEIGHT) {
                long h = smaller(HEIGHT, rows - i);
                struct matrix left = part(a, i, k);
                if (!direct)
                    pack_left(h, d, left, room);
                if (there)
                    block(h, there, d, left, direct ? 0 : room, part(b, k, j).at, PANEL, b.row,
                          part(c, i, j), k > 0);
                if (w > there)
                    block(h, w - there, d, left, direct ? 0 : room, right, PANEL * d, PANEL,
                          part(c, i, j + there), k > 0);
            }
        }
}
