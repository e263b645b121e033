#include "bandwidth.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arrays.h"
#include "minmax.h"
#include "race.h"

static const double MEASURED_SECONDS = 0.1;
enum { REPEATS = 3 };

/* Elements of a part of the work: some ten microseconds, and no cache holds more than a few. */
enum { PART = 1 << 14 };

static const size_t LEAST_BYTES = (size_t)96 << 20; /* of three arrays, or the two of a device */
static const size_t MOST_BYTES = (size_t)1 << 30;

typedef struct triad {
    float *a, *b, *c;
    size_t parts;  /* of each array */
    int threads;   /* that share them */
    size_t *turns; /* by thread: the part that it comes to next, in its own share */
} triad;

static size_t share_begin(const triad *all, int thread) {
    return all->parts * (size_t)thread / (size_t)all->threads;
}

static double run_part(void *shared, int thread) {
    triad *const all = shared;
    const size_t begin = share_begin(all, thread);
    const size_t end = share_begin(all, thread + 1);
    const size_t first = (begin + all->turns[thread]) * PART;
    float *const restrict a = all->a + first;
    const float *const restrict b = all->b + first;
    const float *const restrict c = all->c + first;

    all->turns[thread] = (all->turns[thread] + 1) % (end - begin);
    for (size_t i = 0; i < PART; i++)
        a[i] = b[i] + 0.5F * c[i];
    return 3.0 * PART * sizeof *a;
}

/* Each thread writes its share first, so that the pages lie in the memory next to it. */
static double touch_share(void *shared, int thread) {
    triad *const all = shared;
    const size_t end = share_begin(all, thread + 1) * PART;

    for (size_t i = share_begin(all, thread) * PART; i < end; i++) {
        all->a[i] = 0;
        all->b[i] = 1;
        all->c[i] = 2;
    }
    return 1;
}

static size_t last_level_cache(void) {
    static const int names[] = {_SC_LEVEL4_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE,
                                _SC_LEVEL2_CACHE_SIZE};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const long bytes = sysconf(names[i]);

        if (bytes > 0)
            return (size_t)bytes;
    }
    return 0;
}

/* Of all arrays together, for a cache of so many bytes. */
static size_t choose_bytes(size_t cache_bytes) {
    return smaller(larger(cache_bytes, LEAST_BYTES / 2) * 2, MOST_BYTES);
}

static outcome measure_triad(triad *all, bandwidth *measured) {
    double rate;
    outcome result = race_run(all->threads, touch_share, all, 0, &rate);

    for (int i = 0; result == OUTCOME_SUCCESS && i < REPEATS; i++) {
        result = race_run(all->threads, run_part, all, MEASURED_SECONDS, &rate);
        measured->bytes_per_second = fmax(measured->bytes_per_second, rate);
    }
    return result;
}

outcome bandwidth_measure(int thread_count, bandwidth *measured) {
    triad all = {.threads = thread_count};
    void *arrays[3] = {0};
    outcome result = OUTCOME_SUCCESS;

    *measured = (bandwidth){.cache_bytes = last_level_cache()};
    all.parts = larger(choose_bytes(measured->cache_bytes) / 3 / (PART * sizeof *all.a),
                       (size_t)thread_count);
    measured->array_bytes = all.parts * PART * sizeof *all.a;
    for (int i = 0; result == OUTCOME_SUCCESS && i < 3; i++)
        result = allocate_aligned(measured->array_bytes, &arrays[i]);
    all.turns = calloc((size_t)thread_count, sizeof *all.turns);
    if (result == OUTCOME_SUCCESS && all.turns == NULL)
        result = fail_out_of_memory();
    all.a = arrays[0];
    all.b = arrays[1];
    all.c = arrays[2];
    if (result == OUTCOME_SUCCESS)
        result = measure_triad(&all, measured);
    free(all.turns);
    for (int i = 0; i < 3; i++)
        free(arrays[i]);
    return result;
}

/* What a copy reads must have been written. */
static outcome fill(denseblock_context *context, void *to, size_t bytes) {
    void *zeros;
    outcome result = allocate_aligned(bytes, &zeros);

    if (result != OUTCOME_SUCCESS)
        return result;
    memset(zeros, 0, bytes);
    result = outcome_of(
        denseblock_copy(context, DENSEBLOCK_UPLOAD, to, bytes, zeros, bytes, bytes, 1));
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_context_synchronize(context));
    free(zeros);
    return result;
}

static outcome time_copy(denseblock_context *context, void *to, const void *from, size_t bytes,
                         double *seconds) {
    outcome result = outcome_of(denseblock_timer_start(context));

    if (result == OUTCOME_SUCCESS)
        result = outcome_of(
            denseblock_copy(context, DENSEBLOCK_WITHIN, to, bytes, from, bytes, bytes, 1));
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_timer_stop(context, seconds));
    return result;
}

/* The first copy touches the pages, and is not counted. */
static outcome measure_copies(denseblock_context *context, void *to, void *from,
                              bandwidth *measured) {
    const size_t bytes = measured->array_bytes;
    outcome result = fill(context, from, bytes);
    double seconds = 0;

    for (int i = 0; result == OUTCOME_SUCCESS && i <= REPEATS; i++) {
        result = time_copy(context, to, from, bytes, &seconds);
        if (result == OUTCOME_SUCCESS && i > 0 && seconds > 0)
            measured->bytes_per_second =
                fmax(measured->bytes_per_second, 2 * (double)bytes / seconds);
    }
    return result;
}

/* Two buffers, of what is free no more than half. */
static outcome copy_buffers(denseblock_context *context, denseblock_buffers *buffers,
                            bandwidth *measured) {
    static const char *const labels[] = {"copy", "original"};
    void *addresses[2];
    size_t free_bytes;
    outcome result = outcome_of(denseblock_context_free_memory(context, &free_bytes));

    if (result != OUTCOME_SUCCESS)
        return result;
    measured->array_bytes = smaller(choose_bytes(2 * measured->cache_bytes) / 2, free_bytes / 4);
    for (int i = 0; result == OUTCOME_SUCCESS && i < 2; i++)
        result = outcome_of(
            denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE,
                                        measured->array_bytes, labels[i], &addresses[i]));
    if (result == OUTCOME_SUCCESS && measured->array_bytes > 0)
        result = measure_copies(context, addresses[0], addresses[1], measured);
    return result;
}

outcome bandwidth_measure_device(denseblock_backend backend, int device, bandwidth *measured) {
    denseblock_context *context = NULL;
    denseblock_buffers *buffers = NULL;
    denseblock_device about;
    outcome result = outcome_of(denseblock_device_query(device, &about));

    *measured = (bandwidth){0};
    if (result == OUTCOME_SUCCESS) {
        measured->cache_bytes = about.l2_bytes;
        result = outcome_of(denseblock_context_create(backend, device, &context));
    }
    if (result == OUTCOME_SUCCESS)
        result = outcome_of(denseblock_buffers_create(false, &buffers));
    if (result == OUTCOME_SUCCESS)
        result = copy_buffers(context, buffers, measured);
    denseblock_buffers_destroy(buffers);
    denseblock_context_destroy(context);
    return result;
}
