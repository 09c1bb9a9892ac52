/* A call in one argument. Where `indirect` is negative, an array is the address of its entries;
   else it is an object that has numpy's fields so many bytes into it. */
struct call {
    char *const *arrays;
    long indirect;
    const void *type, *dtypes[2];
    char *work;
    parallel run;
    long workers;
    struct error error;
};

/* What an array object of numpy has after what all objects have, the last of which is its type. */
struct fields {
    char *entries;
    int rank;
    const ptrdiff_t *sizes, *strides;
    const void *base, *dtype;
    int flags;
};

/* in row-major order, and aligned */
#define READABLE (0x0001 | 0x0100)

static int fits(const struct call *c, const char *array, const struct input *wanted)
{
    const struct fields *own = (const struct fields *)(array + c->indirect);
    if (((const void **)own)[-1] != c->type)
        return 0;
    if (own->dtype != c->dtypes[wanted->whole] || own->rank != wanted->rank)
        return 0;
    for (int axis = 0; axis < wanted->rank; axis++)
        if (own->sizes[axis] != wanted->sizes[axis])
            return 0;
    return (own->flags & READABLE) == READABLE;
}

/* 0, or the number of the error; arrays are as the program needs them */
int call(struct call *c)
{
    void *at[INPUTS + OUTPUTS];
    for (int n = 0; n < INPUTS + OUTPUTS; n++)
        at[n] = c->indirect < 0
                    ? c->arrays[n]
                    : ((const struct fields *)(c->arrays[n] + c->indirect))->entries;
    return program((const void *const *)at, at + INPUTS, c->work, c->run, (int)c->workers, &c->error);
}

/* The same for inputs that may be any objects; -1 where one is no array as the program needs it. */
int call_checked(struct call *c)
{
    for (int n = 0; n < INPUTS; n++)
        if (!fits(c, c->arrays[n], &wanted[n]))
            return -1;
    return call(c);
}
