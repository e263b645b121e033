#include "peak.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "peak_loops.h"
#include "stopwatch.h"

static const double MEASURED_SECONDS = 0.1;
/* Some ten microseconds: looking at the clock in between costs nothing then. */
enum { ROUNDS = 20000 };

/* What the workers share. The gate is shut until all of them are there, since the machine's peak
 * is what they reach together. */
typedef struct race {
    pthread_mutex_t gate;
    peak_loop loop;
    double start; /* seconds of the stopwatch, when the gate was opened */
} race;

typedef struct worker {
    pthread_t thread;
    race *shared;
    double operations;
    double end; /* seconds of the stopwatch */
    double sum; /* of the loops' results: what is used is not optimised away */
} worker;

static void *work(void *argument) {
    worker *self = argument;
    const race *shared = self->shared;

    /* A mutex of the default kind, which this thread does not hold: neither call can fail. */
    (void)pthread_mutex_lock(&self->shared->gate);
    (void)pthread_mutex_unlock(&self->shared->gate);
    do {
        self->sum += shared->loop.run(ROUNDS);
        self->operations += shared->loop.operations * ROUNDS;
        self->end = stopwatch_seconds();
    } while (self->end - shared->start < MEASURED_SECONDS);
    return NULL;
}

outcome peak_measure(denseblock_type type, int thread_count, double *flops) {
    race shared = {.gate = PTHREAD_MUTEX_INITIALIZER, .loop = peak_loop_of(type)};
    worker *workers = calloc((size_t)thread_count, sizeof *workers);
    double operations = 0;
    double end = 0;
    int started = 0;
    int error = 0;

    *flops = 0;
    if (workers == NULL)
        return fail_out_of_memory();
    (void)pthread_mutex_lock(&shared.gate);
    while (started < thread_count) {
        workers[started].shared = &shared;
        error = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
        if (error != 0)
            break;
        started++;
    }
    shared.start = stopwatch_seconds();
    (void)pthread_mutex_unlock(&shared.gate);
    for (int i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL); /* it exists, and is joined once */
        operations += workers[i].operations;
        end = fmax(end, workers[i].end);
    }
    free(workers);
    if (error != 0)
        return fail_machine("thread %d of %d could not be started: %s", started + 1, thread_count,
                            strerror(error));
    *flops = operations / (end - shared.start);
    return OUTCOME_SUCCESS;
}
