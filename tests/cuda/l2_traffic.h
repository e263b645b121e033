/* What a block of the cuda backend moves between the L2 cache and memory, by the model of
 * tests/emulator/l2_model.h. On the runtime double; no measurement on a GPU. */
#ifndef DENSEBLOCK_TESTS_L2_TRAFFIC_H
#define DENSEBLOCK_TESTS_L2_TRAFFIC_H

#include "denseblock.h"
#include "l2_model.h"

/* A block of square kernels, x in y. */
struct l2_block {
    const char *name;
    int64_t batch, size, channels, layers, growth;
    denseblock_type type;
    int multiprocessors; /* with a block of threads each at a time */
    size_t l2_bytes;     /* that the plan counts on; 0: an H100's */
    int64_t kernel;      /* its size; 0: 3 */
    int slowness;        /* of memory, beside an H100's; 0: 1 */
    denseblock_plan_options options;
};

struct l2_sizes {
    size_t y, weights, workspace; /* bytes */
    double predicted;             /* those that the plan says that memory moves */
    int slices;                   /* of the batch */
};

enum { L2_MOST_MODELS = 8 };

/* A cache and what it moved; bytes. */
struct l2_case {
    double times; /* y and workspace that it holds; 0: it has `bytes` */
    size_t bytes;
    struct l2_traffic traffic;
    uint64_t left; /* partial sums that nobody wants any more, and that memory has not seen */
};

/* One forward, from an empty cache until all of y is in memory, through each of these caches. */
void l2_traffic_of(const struct l2_block *block, struct l2_case *cases, size_t count,
                   struct l2_sizes *sizes);

#endif
