/* Functions of entries without branches, so that loops over them become vector code. Each is
   accurate to a few units in the last place, follows IEEE rules for nan and inf, and does not
   overflow on the way. */
#ifdef SINGLE
#define LIBM(name) name##f
#define MANTISSA 23
#define BIAS 127
#define MAGIC 0x1.8p23f
#define LN2_HIGH 0x1.62e400p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define EXP_HIGH 89.0f
#define EXP_LOW -104.0f
#define TANH_HIGH 10.0f
#else
#define LIBM(name) name
#define MANTISSA 52
#define BIAS 1023
#define MAGIC 0x1.8p52
#define LN2_HIGH 0x1.62e42fefa38p-1
#define LN2_LOW 0x1.ef35793c7673p-45
#define EXP_HIGH 710.0
#define EXP_LOW -746.0
#define TANH_HIGH 20.0
#endif

INLINE word bits(real x) { word w; memcpy(&w, &x, sizeof w); return w; }
INLINE real from_bits(word w) { real x; memcpy(&x, &w, sizeof x); return x; }
#define SIGN ((word)1 << (8 * sizeof(word) - 1))
INLINE real abs_(real x) { return from_bits(bits(x) & ~SIGN); }
/* 2^n for a normal exponent */
INLINE real two_to(word n) { return from_bits((n + BIAS) << MANTISSA); }

/* x = n ln 2 + r with |r| <= ln(2) / 2; gives exp(r) - 1 by its series. */
INLINE real reduced(real x, word *n)
{
    real k = x * (real)1.4426950408889634 + MAGIC;
    *n = bits(k) - bits(MAGIC);
    k -= MAGIC;
    real r = (x - k * LN2_HIGH) - k * LN2_LOW, s = r * r;
#ifdef SINGLE
    real low = (real)(1 / 2.0) + r * (real)(1 / 6.0);
    real high = (real)(1 / 24.0) + r * (real)(1 / 120.0) + s * ((real)(1 / 720.0) + r * (real)(1 / 5040.0));
    return r + s * (low + s * high);
#else
    real a = 1 / 2.0 + r * (1 / 6.0), b = 1 / 24.0 + r * (1 / 120.0);
    real c = 1 / 720.0 + r * (1 / 5040.0), d = 1 / 40320.0 + r * (1 / 362880.0);
    real e = 1 / 3628800.0 + r * (1 / 39916800.0), g = 1 / 479001600.0 + r * (1 / 6227020800.0);
    real q = s * s, low = a + s * b, high = c + s * d + q * (e + s * g);
    return r + s * (low + q * high);
#endif
}

INLINE real exp_(real x)
{
    x = x > EXP_HIGH ? (real)EXP_HIGH : x;
    x = x < EXP_LOW ? (real)EXP_LOW : x;
    word n;
    real p = reduced(x, &n);
    /* two factors: results may be subnormal, and the power of two alone may overflow */
    word half = ((n + 4 * BIAS) >> 1) - 2 * BIAS;
    return (1 + p) * two_to(half) * two_to(n - half);
}

INLINE real tanh_(real x)
{
    real y = abs_(x);
    y = y > TANH_HIGH ? (real)TANH_HIGH : y;
    word n;
    real p = reduced(2 * y, &n), scale = two_to(n);
    real e = scale * p + (scale - 1);
    real t = e / (e + 2);
    return from_bits(bits(t) | (bits(x) & SIGN));
}

INLINE real sigmoid_(real x)
{
    real e = exp_(-abs_(x));
    real d = 1 / (1 + e);
    return x < 0 ? e * d : d;
}

/* log m = 2 artanh((m - 1) / (m + 1)) for the mantissa m in [sqrt(1/2), sqrt(2)] */
INLINE real log_(real x)
{
#ifdef SINGLE
    const real least = 0x1p-126f, lift = 0x1p23f;
    const word root = 0x3f3504f3u;
#else
    const real least = 0x1p-1022, lift = 0x1p52;
    const word root = 0x3fe6a09e667f3bcdull;
#endif
    word tiny = x < least;
    real y = tiny ? x * lift : x;
    /* n counts from a large bias, so that shifting it needs no sign */
    word n = (bits(y) - root + ((word)BIAS << MANTISSA)) >> MANTISSA;
    real m = from_bits(bits(y) - ((n - BIAS) << MANTISSA));
    real k = from_bits(bits(lift) | n) - lift - BIAS - (tiny ? (real)MANTISSA : (real)0);
    real s = (m - 1) / (m + 1), z = s * s;
#ifdef SINGLE
    real tail = z * ((real)(2 / 3.0) + z * ((real)(2 / 5.0) + z * ((real)(2 / 7.0) + z * (real)(2 / 9.0))));
#else
    real q = z * z;
    real a = 2 / 3.0 + z * (2 / 5.0), b = 2 / 7.0 + z * (2 / 9.0), c = 2 / 11.0 + z * (2 / 13.0);
    real d = 2 / 15.0 + z * (2 / 17.0), e = 2 / 19.0 + z * (2 / 21.0);
    real tail = z * (a + q * (b + q * (c + q * (d + q * e))));
#endif
    /* 2 s = (m - 1) - s (m - 1) keeps what the division has rounded off */
    real f = m - 1;
    real result = k * LN2_HIGH + (f - (s * (f - tail) - k * LN2_LOW));
    result = x > 0 ? result : (x == 0 ? -(real)INFINITY : (real)NAN);
    return x == (real)INFINITY ? x : result;
}

INLINE real log1p_(real e)
{
    real u = 1 + e;
    return log_(u) + (e - (u - 1)) / u;
}

INLINE real softplus_(real x) { return (x > 0 ? x : 0) + log1p_(exp_(-abs_(x))); }
INLINE real relu_(real x) { return x < 0 ? 0 : x; }
INLINE real larger_(real a, real b) { return a > b || a != a ? a : b; }
INLINE real smaller_(real a, real b) { return a < b || a != a ? a : b; }
INLINE real sign_(real x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
INLINE real step_(real x) { return x > 0 ? 1 : x != x ? x : 0; }
INLINE real finite_(real x) { return x - x == 0 ? x : 0; }

INLINE real sqrt_(real x) { return LIBM(sqrt)(x); }
INLINE real square_(real x) { return x * x; }
INLINE real power_(real x, real y) { return LIBM(pow)(x, y); }
INLINE real sin_(real x) { return LIBM(sin)(x); }
INLINE real cos_(real x) { return LIBM(cos)(x); }
INLINE real tan_(real x) { return LIBM(tan)(x); }
INLINE real sinh_(real x) { return LIBM(sinh)(x); }
INLINE real cosh_(real x) { return LIBM(cosh)(x); }
INLINE real asin_(real x) { return LIBM(asin)(x); }
INLINE real acos_(real x) { return LIBM(acos)(x); }
INLINE real atan_(real x) { return LIBM(atan)(x); }
INLINE real erf_(real x) { return LIBM(erf)(x); }
