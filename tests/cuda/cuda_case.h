/* A block from host memory to host memory on a backend of GPUs: through the library's buffers and
 * copies, as a program would. None of Check's functions, so that a test can make any call of it
 * fail. */
#ifndef DENSEBLOCK_TESTS_CUDA_CASE_H
#define DENSEBLOCK_TESTS_CUDA_CASE_H

#include "denseblock.h"

struct cuda_case {
    denseblock_backend backend;
    const denseblock_desc *desc;
    bool residual;                          /* what desc describes: described_plan_create */
    const denseblock_plan_options *options; /* NULL: all default */
    const void *const *kernels;
    const void *x;
    void *y;        /* receives the result */
    bool in_place;  /* x is uploaded into y; otherwise it has a buffer of its own */
    bool graph;     /* captured, and launched twice; once, where that changes what lies in y */
    size_t y_shift; /* elements: y begins so far from an aligned address */
};

/* Gives everything back, whatever the status. */
denseblock_status cuda_case_run(const struct cuda_case *block);

#endif
