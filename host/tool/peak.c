#include "peak.h"

#include <stdlib.h>

#include "peak_loops.h"
#include "race.h"

static const double MEASURED_SECONDS = 0.1;
/* Some ten microseconds. */
enum { ROUNDS = 20000 };

typedef struct peak_work {
    peak_loop loop;
    double *sums; /* of the loops' results: what is used is not optimised away */
} peak_work;

static double work(void *shared, int thread) {
    const peak_work *const all = shared;

    all->sums[thread] = all->loop.run(ROUNDS);
    return all->loop.operations * ROUNDS;
}

outcome peak_measure(denseblock_type type, int thread_count, double *flops) {
    peak_work all = {
        .loop = peak_loop_of(type),
        .sums = calloc((size_t)thread_count, sizeof *all.sums),
    };
    outcome result;

    *flops = 0;
    if (all.sums == NULL)
        return fail_out_of_memory();
    result = race_run(thread_count, work, &all, MEASURED_SECONDS, flops);
    free(all.sums);
    return result;
}
