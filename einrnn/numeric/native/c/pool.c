/* One set of threads for all programs of a process: they sleep while there is nothing to do. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef void (*task)(void *context, int worker, int workers);

enum { MOST = 256, PATIENCE = 4000 };

static pthread_mutex_t busy = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static atomic_long round_number;
static atomic_int left;
static int started;
static task what;
static void *with;
static int among;

static inline void pause_(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void *serve(void *number)
{
    int worker = (int)(long)number;
    long seen = 0;
    for (;;) {
        for (int n = 0; n < PATIENCE && atomic_load(&round_number) == seen; n++)
            pause_();
        if (atomic_load(&round_number) == seen) {
            pthread_mutex_lock(&lock);
            while (atomic_load(&round_number) == seen)
                pthread_cond_wait(&wake, &lock);
            pthread_mutex_unlock(&lock);
        }
        seen = atomic_load(&round_number);
        if (worker < among)
            what(with, worker, among);
        /* every thread reports, so that none can miss a round */
        if (atomic_fetch_sub(&left, 1) == 1) {
            pthread_mutex_lock(&lock);
            pthread_cond_signal(&done);
            pthread_mutex_unlock(&lock);
        }
    }
    return 0;
}

/* the threads do not live on in a child process */
static void forget(void)
{
    started = 0;
    atomic_store(&round_number, 0);
    pthread_mutex_init(&busy, 0);
    pthread_mutex_init(&lock, 0);
    pthread_cond_init(&wake, 0);
    pthread_cond_init(&done, 0);
}

static void start(int workers)
{
    static int known;
    if (!known)
        pthread_atfork(0, 0, forget), known = 1;
    while (started < workers - 1) {
        pthread_t thread;
        pthread_attr_t detached;
        pthread_attr_init(&detached);
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        if (pthread_create(&thread, &detached, serve, (void *)(long)(started + 1)))
            break;
        started++;
    }
}

/* Run the task once for each worker; one after the other where the threads are taken. */
void in_parallel(task t, void *context, int workers)
{
    if (workers > MOST)
        workers = MOST;
    if (workers < 2 || pthread_mutex_trylock(&busy)) {
        t(context, 0, 1);
        return;
    }
    if (started == 0 && atomic_load(&round_number) == 0)
        start(workers);
    if (workers > started + 1)
        workers = started + 1;
    what = t, with = context, among = workers;
    atomic_store(&left, started);
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&round_number, 1);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
    t(context, 0, workers);
    for (int n = 0; n < PATIENCE && atomic_load(&left) > 0; n++)
        pause_();
    if (atomic_load(&left) > 0) {
        pthread_mutex_lock(&lock);
        while (atomic_load(&left) > 0)
            pthread_cond_wait(&done, &lock);
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_unlock(&busy);
}
