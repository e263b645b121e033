/* What the model (cuda_model.h) says of a plan of the cuda backend: microseconds of the whole
 * batch. */
#ifndef DENSEBLOCK_HOST_CUDA_PREDICT_H
#define DENSEBLOCK_HOST_CUDA_PREDICT_H

#include "backends/cuda/cuda_plan.h"

/* Layer l, whose group and way are there. */
double dblk_cuda_layer_time(const denseblock_plan *plan, int64_t l);

/* The input transform of layer l's output, -1: of the block's input; where one kernel transforms back and
 * again, what that takes more than to transform back. */
double dblk_cuda_keep_time(const denseblock_plan *plan, int64_t l);

/* Sets what the plan says of an execution. */
void dblk_cuda_predict(const denseblock_plan *plan);

#endif
