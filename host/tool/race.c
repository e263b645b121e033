#include "race.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "stopwatch.h"

/* What the threads share. The gate is shut until all of them are there, since what the machine can
 * do is what they reach together. */
typedef struct race {
    pthread_mutex_t gate;
    race_work *work;
    void *shared;
    double seconds;
    double start; /* seconds of the stopwatch, when the gate was opened */
} race;

typedef struct racer {
    pthread_t thread;
    race *in;
    int number;
    double done;
    double end; /* seconds of the stopwatch */
} racer;

static void *run(void *argument) {
    racer *self = argument;
    race *const in = self->in;

    /* A mutex of the default kind, which this thread does not hold: neither call can fail. */
    (void)pthread_mutex_lock(&in->gate);
    (void)pthread_mutex_unlock(&in->gate);
    do {
        self->done += in->work(in->shared, self->number);
        self->end = stopwatch_seconds();
    } while (self->end - in->start < in->seconds);
    return NULL;
}

outcome race_run(int thread_count, race_work *work, void *shared, double seconds, double *rate) {
    race in = {
        .gate = PTHREAD_MUTEX_INITIALIZER, .work = work, .shared = shared, .seconds = seconds};
    racer *racers = calloc((size_t)thread_count, sizeof *racers);
    double done = 0;
    double end = 0;
    int started = 0;
    int error = 0;

    *rate = 0;
    if (racers == NULL)
        return fail_out_of_memory();
    (void)pthread_mutex_lock(&in.gate);
    while (started < thread_count) {
        racers[started].in = &in;
        racers[started].number = started;
        error = pthread_create(&racers[started].thread, NULL, run, &racers[started]);
        if (error != 0)
            break;
        started++;
    }
    in.start = stopwatch_seconds();
    (void)pthread_mutex_unlock(&in.gate);
    for (int i = 0; i < started; i++) {
        (void)pthread_join(racers[i].thread, NULL); /* it exists, and is joined once */
        done += racers[i].done;
        end = fmax(end, racers[i].end);
    }
    free(racers);
    if (error != 0)
        return fail_machine("thread %d of %d could not be started: %s", started + 1, thread_count,
                            strerror(error));
    *rate = done / (end - in.start);
    return OUTCOME_SUCCESS;
}
