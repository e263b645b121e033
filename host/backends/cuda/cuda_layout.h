/* Sizes of what a plan of the cuda backend needs beside y, and how its groups are laid out: members
 * of struct dblk_group_rules. */
#ifndef DENSEBLOCK_HOST_CUDA_LAYOUT_H
#define DENSEBLOCK_HOST_CUDA_LAYOUT_H

#include "backends/cuda/cuda_plan.h"
#include "backends/group_choice.h"

bool dblk_cuda_begin(denseblock_plan *plan, const denseblock_plan_options *options,
                     denseblock_algorithm winograd);
void dblk_cuda_form(const denseblock_plan *plan, struct dblk_group_form form);
double dblk_cuda_layer_cost(const denseblock_plan *plan, int64_t l);
bool dblk_cuda_finish(denseblock_plan *plan);

/* Sets plan->weights_bytes and the layers' offsets in them; false where that overflows. */
bool dblk_cuda_lay_out_weights(denseblock_plan *plan);

#endif
