/* What the cublas backend adds to a plan: for each layer an algorithm, groups of Winograd layers
 * (backends/winograd_stack.h), and how much goes through a layer at a time.
 *
 * A direct layer goes by slices of pixels: after the ReLU they become the rows of a matrix, whose
 * product with the kernel is written into the outputs, or added to them.
 *
 * Workspace, each part at a multiple of DENSEBLOCK_ALIGNMENT: the stack of a slice; its products, or
 * the matrix of a direct layer; at the next multiple of DBLK_CUBLAS_ALIGNMENT what cuBLAS computes in.
 * Prepared weights: for each layer the kernel as it came; for a group the outer weights, for others of
 * its layers the inner ones, transformed. */
#ifndef DENSEBLOCK_HOST_CUBLAS_PLAN_H
#define DENSEBLOCK_HOST_CUBLAS_PLAN_H

#include "backends/winograd_stack.h"

enum { DBLK_CUBLAS_ALIGNMENT = 256 }; /* of the workspace that cublasSetWorkspace takes */

struct dblk_cublas_layer {
    denseblock_algorithm algorithm; /* never AUTO */

    /* Direct. */
    int64_t row;        /* elements of a pixel's row: kh * kw * C_l */
    int64_t row_stride; /* from one pixel's row to the next's */
    int64_t pixels;     /* at a time */

    /* Winograd; a direct layer is a group of its own. */
    struct dblk_group group;
    size_t outer_offset, inner_offset; /* bytes, in the prepared weights */
};

struct dblk_cublas_plan {
    struct dblk_winograd_stack stack;
    size_t matrix_bytes;  /* of products, or of a direct layer's matrix */
    size_t scratch_bytes; /* what cuBLAS computes in */
    size_t room;          /* bytes behind the stack, while groups are chosen */
    struct dblk_cublas_layer layers[];
};

static inline const struct dblk_cublas_plan *dblk_cublas_plan_of(const denseblock_plan *plan) {
    return (const struct dblk_cublas_plan *)plan->details;
}

/* Whether operands of f32 are rounded to TF32: not with F(4x4), whose error that makes too large. */
static inline bool dblk_cublas_uses_tf32(const denseblock_plan *plan) {
    return plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32 &&
           dblk_cublas_plan_of(plan)->stack.tile != 4;
}

/* plan and describe of struct dblk_backend. */
denseblock_status dblk_cublas_plan_make(denseblock_plan *plan,
                                        const denseblock_plan_options *options);
struct dblk_text;
void dblk_cublas_plan_describe(struct dblk_text *text, const denseblock_plan *plan);

#endif
