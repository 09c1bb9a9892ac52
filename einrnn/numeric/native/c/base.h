/* Types. `real` is the working type, `word` an unsigned integer of the same size. */
#include <math.h>
#include <string.h>
#include <stddef.h>

#ifdef SINGLE
typedef float real;
typedef unsigned int word;
#else
typedef double real;
typedef unsigned long long word;
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define LANES ((long)(VECTOR_BYTES / sizeof(real)))
#define INLINE static inline __attribute__((always_inline, unused))
#define CALLED static __attribute__((noinline, unused))

typedef real vec __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* What a look-up out of range leaves behind. */
struct error { long kind, position; };

INLINE long smaller(long a, long b) { return a < b ? a : b; }
INLINE long clip(long at, long size) { return at < 0 ? 0 : at < size ? at : size - 1; }
/* where the share of a worker begins, in whole units */
INLINE long share(long size, long unit, int worker, int workers)
{
    long units = (size + unit - 1) / unit;
    return smaller(size, units * worker / workers * unit);
}
