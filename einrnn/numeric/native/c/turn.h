/* Squares of LANES by LANES entries, transposed in registers. */
#if defined(__GNUC__) && !defined(__clang__)
typedef word words __attribute__((vector_size(VECTOR_BYTES)));

/* a number for each lane l of n, all known while compiling */
#ifdef SINGLE
#define COUNT (VECTOR_BYTES / 4)
#else
#define COUNT (VECTOR_BYTES / 8)
#endif
#define TWO(f, l, h) f(l, h), f(l + 1, h)
#define FOUR(f, l, h) TWO(f, l, h), TWO(f, l + 2, h)
#define EIGHT(f, l, h) FOUR(f, l, h), FOUR(f, l + 4, h)
#if COUNT == 16
#define EACH(f, h) EIGHT(f, 0, h), EIGHT(f, 8, h)
#elif COUNT == 8
#define EACH(f, h) EIGHT(f, 0, h)
#elif COUNT == 4
#define EACH(f, h) FOUR(f, 0, h)
#else
#define EACH(f, h) TWO(f, 0, h)
#endif

/* Blocks of h lanes of vectors that are h apart change places: odd ones with even ones. */
#define EVEN(l, h) ((l) & (h) ? COUNT + (l) - (h) : (l))
#define ODD(l, h) ((l) & (h) ? COUNT + (l) : (l) + (h))
#define EXCHANGE(h)                                                                                \
    for (int i = 0; i < COUNT; i++)                                                                \
        if (!(i & (h))) {                                                                          \
            vec x = __builtin_shuffle(m[i], m[i + (h)], (words){EACH(EVEN, h)});                   \
            vec y = __builtin_shuffle(m[i], m[i + (h)], (words){EACH(ODD, h)});                    \
            m[i] = x, m[i + (h)] = y;                                                              \
        }

/* LANES vectors, transposed in registers */
INLINE void transpose(vec *m)
{
#if COUNT > 8
#pragma GCC unroll 16
    EXCHANGE(8)
#endif
#if COUNT > 4
#pragma GCC unroll 16
    EXCHANGE(4)
#endif
#if COUNT > 2
#pragma GCC unroll 16
    EXCHANGE(2)
#endif
#pragma GCC unroll 16
    EXCHANGE(1)
}
#else
INLINE void transpose(vec *m)
{
    for (long i = 0; i < LANES; i++)
        for (long j = 0; j < i; j++) {
            real x = m[i][j];
            m[i][j] = m[j][i];
            m[j][i] = x;
        }
}
#endif

/* The first `width` of LANES rows that are `step` apart, LANES entries of each: columns become
   rows, whose entries from `width` on are unspecified. */
INLINE void load_turned(const real *from, long step, long width, vec *m)
{
#pragma GCC unroll 16
    for (long l = 0; l < LANES; l++)
        m[l] = *(const vec *)(from + (l < width ? l : 0) * step);
    transpose(m);
}

INLINE void store(const vec *m, real *to, long step)
{
#pragma GCC unroll 16
    for (long l = 0; l < LANES; l++)
        *(vec *)(to + l * step) = m[l];
}

INLINE void store_turned(vec *m, real *to, long step)
{
    transpose(m);
    store(m, to, step);
}

INLINE void turned(const real *from, long step, long width, real *to, long to_step)
{
    vec m[LANES];
    load_turned(from, step, width, m);
    store(m, to, to_step);
}
