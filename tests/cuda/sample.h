/* A small block with its data, and the same made ready to execute on a GPU: what the suites of the host
 * side share. On the runtime double only. */
#ifndef DENSEBLOCK_TESTS_SAMPLE_H
#define DENSEBLOCK_TESTS_SAMPLE_H

#include "cuda_case.h"
#include "fixture.h"

/* A block of two groups, one of them with partial sums, and its data; result in `y`. */
struct sample {
    struct fixture fixture;
    void *y;
    float tolerance; /* of a value of y */
    struct cuda_case block;
    denseblock_plan_options options; /* block's, or not used */
};

/* For the backend that is tested. */
void sample_make(struct sample *sample);

/* A residual block of two units, in two slices. */
void sample_make_residual(struct sample *sample);

/* One that Winograd algorithms suit, and their arithmetic. */
void sample_make_winograd(struct sample *sample);

void sample_free(struct sample *sample);

/* sample->y is what the reference computes. */
void check_result(struct sample *sample);

/* Everything is there, in memory of a GPU, x in y. */
struct ready {
    denseblock_plan *plan;
    denseblock_context *context;
    denseblock_buffers *buffers;
    void *prepared, *workspace, *y;
};
void get_ready(const struct sample *sample, int device, struct ready *ready);
void let_go(struct ready *ready);

/* Prepares the weights, once more, from kernels that are uploaded first. */
void prepare(const struct sample *sample, struct ready *ready);

/* Enqueues the block. */
denseblock_status forward(const struct ready *ready);

/* y to sample->y. Waits. */
void download(const struct ready *ready, struct sample *sample);

#endif
