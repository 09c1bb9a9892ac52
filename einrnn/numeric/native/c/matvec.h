/* y = M x. Eight vectors of y stay in registers while the columns of M run past them. */
#define STRIP (8 * LANES)

INLINE void strip(const int vectors, long depth, const real *m, const long step, const real *x,
                  const long x_step, real *y)
{
    vec sum[8] = {{0}};
    for (long k = 0; k < depth; k++, m += step) {
        real factor = x[k * x_step];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            sum[v] += factor * ((const vec *)m)[v];
    }
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++)
        ((vec *)y)[v] = sum[v];
}

/* Two sums for each vector where there are few: the next addition need not wait for the last. */
INLINE void short_strip(const int vectors, long depth, const real *m, const long step,
                        const real *x, const long x_step, real *y)
{
    vec sum[4][4] = {{{0}}};
    long k = 0;
    for (; k + 4 <= depth; k += 4, m += 4 * step)
#pragma GCC unroll 4
        for (int u = 0; u < 4; u++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                sum[u][v] += x[(k + u) * x_step] * ((const vec *)(m + u * step))[v];
    for (; k < depth; k++, m += step)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            sum[0][v] += x[k * x_step] * ((const vec *)m)[v];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
        ((vec *)y)[v] = (sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]);
}

/* rows of y, and of M in strips, padded to whole vectors */
#define PADDED(rows) (((rows) + LANES - 1) / LANES * LANES)

CALLED void pack_strips(long rows, long depth, struct matrix m, real *to)
{
    for (long i = 0; i < rows; i += STRIP) {
        long height = smaller(STRIP, rows - i), width = PADDED(height), k = 0;
        if (m.column == 1)
            for (; k + LANES <= depth; k += LANES, to += LANES * width)
                for (long r = 0; r < height; r += LANES)
                    turned(part(m, i + r, k).at, m.row, height - r, to + r, width);
        for (; k < depth; k++, to += width)
            for (long r = 0; r < width; r++)
                to[r] = r < height ? *part(m, i + r, k).at : 0;
    }
}

/* y has room for PADDED(rows) entries */
CALLED void matvec_packed(long rows, long depth, const real *m, const real *x, long x_step, real *y)
{
    long i = 0;
    for (; i + STRIP <= rows; i += STRIP, m += STRIP * depth)
        strip(8, depth, m, STRIP, x, x_step, y + i);
    const int rest = PADDED(rows - i) / LANES;
    switch (rest) {
    case 1: short_strip(1, depth, m, 1 * LANES, x, x_step, y + i); break;
    case 2: short_strip(2, depth, m, 2 * LANES, x, x_step, y + i); break;
    case 3: short_strip(3, depth, m, 3 * LANES, x, x_step, y + i); break;
    case 4: strip(4, depth, m, 4 * LANES, x, x_step, y + i); break;
    case 5: strip(5, depth, m, 5 * LANES, x, x_step, y + i); break;
    case 6: strip(6, depth, m, 6 * LANES, x, x_step, y + i); break;
    case 7: strip(7, depth, m, 7 * LANES, x, x_step, y + i); break;
    case 8: strip(8, depth, m, 8 * LANES, x, x_step, y + i); break;
    }
}

INLINE void strip_there(const int vectors, long depth, const real *m, long step, const real *x,
                        long x_step, real *y, long y_step)
{
    real out[STRIP];
    strip(vectors, depth, m, step, x, x_step, out);
    for (long r = 0; r < vectors * LANES; r++)
        y[r * y_step] = out[r];
}

/* y = M x read where it is */
CALLED void matvec(long rows, long depth, struct matrix m, const real *x, long x_step, real *y,
                   long y_step)
{
    long i = 0;
    if (m.row == 1) {
        for (; i + STRIP <= rows; i += STRIP)
            strip_there(8, depth, m.at + i, m.column, x, x_step, y + i * y_step, y_step);
        for (; i + 4 * LANES <= rows; i += 4 * LANES)
            strip_there(4, depth, m.at + i, m.column, x, x_step, y + i * y_step, y_step);
        for (; i + LANES <= rows; i += LANES)
            strip_there(1, depth, m.at + i, m.column, x, x_step, y + i * y_step, y_step);
        /* the last vector reaches back over entries that are done */
        if (i < rows && rows >= LANES) {
            i = rows - LANES;
            strip_there(1, depth, m.at + i, m.column, x, x_step, y + i * y_step, y_step);
            i = rows;
        }
    }
    else if (m.column == 1 && x_step == 1)
        for (; i + 4 <= rows; i += 4) {
            vec sum[4] = {{0}};
            real last[4] = {0};
            const real *at = m.at + i * m.row;
            long k = 0;
            for (; k + LANES <= depth; k += LANES)
#pragma GCC unroll 4
                for (int r = 0; r < 4; r++)
                    sum[r] += *(const vec *)(at + r * m.row + k) * *(const vec *)(x + k);
            for (; k < depth; k++)
                for (int r = 0; r < 4; r++)
                    last[r] += at[r * m.row + k] * x[k];
            for (int r = 0; r < 4; r++) {
                for (long l = 0; l < LANES; l++)
                    last[r] += sum[r][l];
                y[(i + r) * y_step] = last[r];
            }
        }
    for (; i < rows; i++) {
        real sum = 0;
        for (long k = 0; k < depth; k++)
            sum += m.at[i * m.row + k * m.column] * x[k * x_step];
        y[i * y_step] = sum;
    }
}
