/* Matrices with any strides, and the sizes of the blocks that products work in. */
struct matrix { real *at; long row, column; };

INLINE struct matrix part(struct matrix m, long row, long column)
{
    m.at += row * m.row + column * m.column;
    return m;
}

INLINE struct matrix transposed(struct matrix m)
{
    return (struct matrix){m.at, m.column, m.row};
}

/* a tile of C, which stays in registers: rows, and columns of the panels of B */
#if defined(__AVX512F__)
#define TILE_ROWS 12
#else
#define TILE_ROWS 6
#endif
#define PANEL (2 * LANES)
/* a block of A, and the columns of a block of B */
#define DEPTH (sizeof(real) == 4 ? 320L : 256L)
#define HEIGHT (16L * TILE_ROWS)
#define WIDTH 1024L
/* entries of memory that a product needs beside its operands */
#define ROOM (DEPTH * (HEIGHT + WIDTH + PANEL) + 2 * LANES)

/* what programs call; see product.h, pack.h and matvec.h */
struct kernels {
    void (*product)(long rows, long columns, long depth, struct matrix a, struct matrix b,
                    struct matrix c, real *room);
    void (*product_packed)(long rows, long columns, long depth, struct matrix a, const real *b,
                           struct matrix c, real *room);
    void (*pack_whole)(long depth, long columns, struct matrix b, real *to, int worker, int workers);
    void (*pack_strips)(long rows, long depth, struct matrix m, real *to);
    void (*matvec)(long rows, long depth, struct matrix m, const real *x, long x_step, real *y,
                   long y_step);
    void (*matvec_packed)(long rows, long depth, const real *m, const real *x, long x_step, real *y);
};
