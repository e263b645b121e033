/* How the layers of a plan are computed: forms, slices of the batch, engines. */
#ifndef DENSEBLOCK_HOST_CUDNN_STEPS_H
#define DENSEBLOCK_HOST_CUDNN_STEPS_H

#include "backends/cudnn/cudnn_plan.h"

/* Finds a step for every layer, and sets plan->slice_images and what the slices decide in the
 * backend's part, whose library and handle are there. The plan has layers and images.
 * DENSEBLOCK_UNSUPPORTED where cuDNN has no engine for a layer. */
denseblock_status dblk_cudnn_plan_steps(denseblock_plan *plan, size_t workspace_limit);

/* Gives all engines back. */
void dblk_cudnn_discard_steps(denseblock_plan *plan);

#endif
