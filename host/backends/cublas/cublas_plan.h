/* What the cublas backend adds to a plan: how many pixels go through a layer at a time.
 *
 * Workspace: the matrix of a slice of pixels, [pixels][row_stride], then at the next multiple of
 * DBLK_CUBLAS_ALIGNMENT what cuBLAS computes in. Prepared weights: the kernels as they came, each at
 * a multiple of DENSEBLOCK_ALIGNMENT. */
#ifndef DENSEBLOCK_HOST_CUBLAS_PLAN_H
#define DENSEBLOCK_HOST_CUBLAS_PLAN_H

#include "block/plan.h"

enum { DBLK_CUBLAS_ALIGNMENT = 256 }; /* of the workspace that cublasSetWorkspace takes */

struct dblk_cublas_layer {
    int64_t row;        /* elements of a pixel's row: kh * kw * C_l */
    int64_t row_stride; /* from one pixel's row to the next's */
    int64_t pixels;     /* at a time */
};

struct dblk_cublas_plan {
    size_t matrix_bytes;
    size_t scratch_bytes; /* what cuBLAS computes in */
    struct dblk_cublas_layer layers[];
};

static inline const struct dblk_cublas_plan *dblk_cublas_plan_of(const denseblock_plan *plan) {
    return (const struct dblk_cublas_plan *)plan->details;
}

/* plan and describe of struct dblk_backend. */
denseblock_status dblk_cublas_plan_make(denseblock_plan *plan,
                                        const denseblock_plan_options *options);
struct dblk_text;
void dblk_cublas_plan_describe(struct dblk_text *text, const denseblock_plan *plan);

#endif
