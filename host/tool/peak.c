#include "peak.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "peak_loops.h"
#include "stopwatch.h"

static const double MEASURED_SECONDS = 0.1;
/* Some ten microseconds: looking at the clock in between costs nothing then. */
enum { ROUNDS = 20000 };

typedef struct worker {
    pthread_t thread;
    peak_loop loop;
    double flops; /* a second */
    double sum;   /* of the loops' results: what is used is not optimised away */
} worker;

static void *work(void *argument) {
    worker *self = argument;
    const double start = stopwatch_seconds();
    double operations = 0;
    double seconds;

    do {
        self->sum += self->loop.run(ROUNDS);
        operations += self->loop.operations * ROUNDS;
        seconds = stopwatch_seconds() - start;
    } while (seconds < MEASURED_SECONDS);
    self->flops = operations / seconds;
    return NULL;
}

outcome peak_measure(denseblock_type type, int thread_count, double *flops) {
    const peak_loop loop = peak_loop_of(type);
    worker *workers = calloc((size_t)thread_count, sizeof *workers);
    int started = 0;
    int error = 0;

    *flops = 0;
    if (workers == NULL)
        return fail_out_of_memory();
    while (started < thread_count) {
        workers[started].loop = loop;
        error = pthread_create(&workers[started].thread, NULL, work, &workers[started]);
        if (error != 0)
            break;
        started++;
    }
    for (int i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL); /* it exists, and is joined once */
        *flops += workers[i].flops;
    }
    free(workers);
    if (error != 0)
        return fail_machine("thread %d of %d could not be started: %s", started + 1, thread_count,
                            strerror(error));
    return OUTCOME_SUCCESS;
}
