/* Sizes of what a plan of the cublas backend needs beside y. */
#ifndef DENSEBLOCK_HOST_CUBLAS_LAYOUT_H
#define DENSEBLOCK_HOST_CUBLAS_LAYOUT_H

#include "backends/candidates.h"
#include "backends/cublas/cublas_plan.h"

/* lay_out of struct dblk_candidate_rules: cuts layers into groups, the batch into slices and direct
 * layers' pixels into pieces. */
bool dblk_cublas_lay_out(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit);

/* Sets plan->weights_bytes and the layers' offsets in them; false where that overflows. */
bool dblk_cublas_lay_out_weights(denseblock_plan *plan);

#endif
