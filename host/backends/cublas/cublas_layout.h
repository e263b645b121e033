/* Sizes of what a plan of the cublas backend needs beside y. */
#ifndef DENSEBLOCK_HOST_CUBLAS_LAYOUT_H
#define DENSEBLOCK_HOST_CUBLAS_LAYOUT_H

#include "backends/cublas/cublas_plan.h"

/* One way to run the block. */
struct dblk_cublas_candidate {
    denseblock_algorithm algorithm; /* of 3x3 layers; the others are direct */
    int64_t group_size;             /* of Winograd layers, at most */
};

/* Cuts layers into groups, the batch into slices and direct layers' pixels into pieces, and sets
 * plan->workspace_bytes. Returns whether it is within `limit`; where a size overflows, it is SIZE_MAX. */
bool dblk_cublas_lay_out(denseblock_plan *plan, struct dblk_cublas_candidate candidate,
                         size_t limit);

/* Sets plan->weights_bytes and the layers' offsets in them; false where that overflows. */
bool dblk_cublas_lay_out_weights(denseblock_plan *plan);

#endif
