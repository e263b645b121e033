/* What the model (cuda_model.h) says of a plan of the cuda backend. */
#ifndef DENSEBLOCK_HOST_CUDA_PREDICT_H
#define DENSEBLOCK_HOST_CUDA_PREDICT_H

#include "backends/cuda/cuda_plan.h"

/* Sets cuda->microseconds, which it returns, and its bounds. cost of struct dblk_candidate_rules. */
double dblk_cuda_predict(const denseblock_plan *plan);

#endif
