/* Matrices copied into the order in which products read them. */
/* Panels of B: PANEL columns, a row after the other; what a last panel lacks is zero. */
/* entries of the panels of a whole matrix */
#define PANELS(depth, columns) ((depth) * (((columns) + PANEL - 1) / PANEL) * PANEL)

CALLED void pack_panel(long depth, long width, struct matrix b, real *to)
{
    long k = 0;
    if (width < PANEL)
        memset(to, 0, depth * PANEL * sizeof(real));
    if (width == PANEL && b.column == 1)
        for (; k < depth; k++, to += PANEL) {
            const vec *from = (const vec *)(b.at + k * b.row);
            ((vec *)to)[0] = from[0];
            ((vec *)to)[1] = from[1];
        }
    if (width == PANEL && b.row == 1)
        for (; k + LANES <= depth; k += LANES, to += LANES * PANEL) {
            turned(b.at + k, b.column, LANES, to, PANEL);
            turned(b.at + k + LANES * b.column, b.column, LANES, to + LANES, PANEL);
        }
    for (; k < depth; k++, to += PANEL)
        for (long i = 0; i < width; i++)
            to[i] = b.at[k * b.row + i * b.column];
}

CALLED void pack_right(long depth, long columns, struct matrix b, real *to)
{
    for (long j = 0; j < columns; j += PANEL, to += depth * PANEL)
        pack_panel(depth, smaller(PANEL, columns - j), part(b, 0, j), to);
}

/* Panels of A: rows side by side, a column after the other. Up to LANES entries behind the
   last panel are written too. */
CALLED void pack_rows(const long height, long depth, struct matrix a, long readable, real *to)
{
    long k = 0;
    if (a.column == 1)
        for (; k + LANES <= depth; k += LANES) {
            real side[4][LANES * LANES];
            long groups = (height + LANES - 1) / LANES;
            for (long g = 0; g < groups; g++)
                turned(a.at + g * LANES * a.row + k, a.row, height - g * LANES, side[g], LANES);
            for (long l = 0; l < LANES; l++)
                for (long g = 0; g < groups; g++)
                    *(vec *)(to + (k + l) * height + g * LANES) = *(vec *)(side[g] + l * LANES);
        }
    else if (a.row == 1 && (height + LANES - 1) / LANES * LANES <= readable)
        for (; k < depth; k++)
            for (long g = 0; g < height; g += LANES)
                *(vec *)(to + k * height + g) = *(const vec *)(a.at + g + k * a.column);
    for (; k < depth; k++)
        for (long r = 0; r < height; r++)
            to[k * height + r] = a.at[r * a.row + k * a.column];
}

/* rows in panels of at most TILE_ROWS, evenly cut */
INLINE long panels_of(long rows) { return (rows + TILE_ROWS - 1) / TILE_ROWS; }

CALLED void pack_left(long rows, long depth, struct matrix a, real *to)
{
    long panels = panels_of(rows);
    for (long p = 0; p < panels; p++) {
        long first = rows * p / panels, height = rows * (p + 1) / panels - first;
        struct matrix own = part(a, first, 0);
        if (height == TILE_ROWS)
            pack_rows(TILE_ROWS, depth, own, rows - first, to);
        else
            pack_rows(height, depth, own, rows - first, to);
        to += height * depth;
    }
}
