/* h(t) = tanh(a(t) + W h(t-1)) and its adjoint, for one sequence; rows lie one after another. */

/* out += v M, for M[n,n] */
static void add_product(long n, const REAL *restrict v, const REAL *restrict M, REAL *restrict out)
{
    for (long k = 0; k < n; k++) {
        const REAL c = v[k];
        const REAL *restrict row = M + k * n;
        for (long i = 0; i < n; i++)
            out[i] += c * row[i];
    }
}

extern REAL TANH(REAL);

/* s[t+1] = tanh(a[t] + s[t] WT), for s[T+1,H] whose first row is given */
void forwards(long T, long H, const REAL *restrict WT, const REAL *restrict a, REAL *restrict s)
{
    for (long t = 0; t < T; t++) {
        REAL sum[H];
        for (long i = 0; i < H; i++)
            sum[i] = a[t * H + i];
        add_product(H, s + t * H, WT, sum);
        for (long i = 0; i < H; i++)
            s[(t + 1) * H + i] = TANH(sum[i]);
    }
}

/* a[t] = (a[t] + a[t+1] W) g[t], downwards; a[T-1] is multiplied already */
void backwards(long T, long H, const REAL *restrict W, const REAL *restrict g, REAL *restrict a)
{
    for (long t = T - 2; t >= 0; t--) {
        REAL sum[H];
        for (long i = 0; i < H; i++)
            sum[i] = a[t * H + i];
        add_product(H, a + (t + 1) * H, W, sum);
        for (long i = 0; i < H; i++)
            a[t * H + i] = sum[i] * g[t * H + i];
    }
}
