/* Sizes of what a plan of the cuda backend needs beside y. */
#ifndef DENSEBLOCK_HOST_CUDA_LAYOUT_H
#define DENSEBLOCK_HOST_CUDA_LAYOUT_H

#include "backends/candidates.h"
#include "backends/cuda/cuda_plan.h"

/* lay_out of struct dblk_candidate_rules: groups, slices of the batch, and the ways of convolutions and
 * products. */
bool dblk_cuda_lay_out(denseblock_plan *plan, struct dblk_candidate candidate, size_t limit);

/* Sets plan->weights_bytes and the layers' offsets in them; false where that overflows. */
bool dblk_cuda_lay_out_weights(denseblock_plan *plan);

#endif
