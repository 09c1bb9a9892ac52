/* A call in one argument. Objects are addresses of arrays or, unless `indirect` is negative, of
   what has the address of an array stored so many bytes into it. */
struct call {
    char **objects;
    long indirect;
    char *work;
    parallel run;
    long workers;
    struct error error;
};

int call(struct call *c)
{
    void *at[INPUTS + OUTPUTS];
    for (int n = 0; n < INPUTS + OUTPUTS; n++)
        at[n] = c->indirect < 0 ? c->objects[n] : *(char **)(c->objects[n] + c->indirect);
    return program((const void *const *)at, at + INPUTS, c->work, c->run, (int)c->workers, &c->error);
}
