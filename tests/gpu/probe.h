/* block_probe: a backend beside the reference, on one block. */
#ifndef TESTS_GPU_PROBE_H
#define TESTS_GPU_PROBE_H

#include "denseblock.h"

/* What the command line asks for. */
struct probe_request {
    int64_t shape[4]; /* N, H, W, C0 */
    int64_t layers, growth, kernel_height, kernel_width;
    bool residual;  /* a residual block, of layers / 2 units with growth hidden channels */
    int64_t random; /* so many random blocks instead of that one */
    uint64_t seed;
    denseblock_backend backend;
    denseblock_type type;
    bool every_type; /* random blocks: each of another one */
    denseblock_arithmetic arithmetic;
    denseblock_algorithm algorithm;
    denseblock_instructions instructions;
    int64_t group_size;
    int64_t images; /* at most so many of the batch are different */
    int64_t repeats;
    double tolerance; /* negative: that of the type */
    bool no_poison;
};

/* ---- The block (probe_case.c) ---- */

/* The batch consists of a few different images in a random order, so that the reference, which is
 * slow, has to compute only these. */
struct probe_case {
    denseblock_desc desc; /* of a residual block: layers 2u and 2u + 1 are unit u */
    denseblock_layer *layers;
    bool residual;
    int64_t images;    /* different ones */
    int64_t *image_of; /* of each of the batch */
    void *x;           /* [images,H,W,C0] */
    void **kernels;
    uint64_t seed;
    bool in_place; /* x is handed over in y */
};

/* Says on stderr what is wrong, and ends the program: as all helpers here do. */
void probe_die(const char *what);
void probe_check(denseblock_status status, const char *what);
void *probe_allocate(size_t bytes);

void probe_case_make(const struct probe_request *request, uint64_t seed,
                     struct probe_case *block);
void probe_case_free(struct probe_case *block);

/* The channels that a layer reads; with `layer` the number of layers, those of y. */
int64_t probe_channels(const struct probe_case *block, int64_t layer);

/* A plan for so many images of the block. */
denseblock_status probe_plan(const struct probe_case *block, int64_t images,
                             denseblock_backend backend, const denseblock_plan_options *options,
                             denseblock_plan **plan);

/* ---- The comparison (probe_compare.c) ---- */

struct probe_errors {
    double max_error; /* by the largest expected value */
    double l2_error;  /* relative */
    int64_t count;
    int64_t special_differences; /* NaN or Inf here, and not there */
    int64_t worst[4];            /* N, H, W, C */
};

/* y of the whole batch with the reference's of the different images. */
struct probe_errors probe_compare(const struct probe_case *block, const void *y,
                                  const void *expected);
double probe_tolerance(denseblock_type type, denseblock_arithmetic arithmetic);

/* ---- The execution (probe_run.c) ---- */

struct probe_times {
    double median_ms, least_ms, most_ms;
    double enqueue_us; /* the host's part */
};

struct probe_findings {
    const char *unsupported; /* if not NULL, nothing was run */
    struct probe_errors plain, graph;
    bool has_graph;
    bool guards_intact; /* nothing was written past the end of y and workspace */
    struct probe_times plain_times, graph_times;
    size_t output_bytes, weights_bytes, workspace_bytes;
    double flops;
    char plan[512]; /* the first line that says what runs */
};

void probe_run(const struct probe_request *request, const struct probe_case *block,
               struct probe_findings *findings);

#endif
