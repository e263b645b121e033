/* How the cuda backend computes Winograd layers: parts of prepare_layer and forward_layer of struct
 * dblk_backend. */
#ifndef DENSEBLOCK_HOST_CUDA_WINOGRAD_H
#define DENSEBLOCK_HOST_CUDA_WINOGRAD_H

#include "backends/cuda/cuda_plan.h"

/* Transforms the layer's part of the outer weights, and its inner weights, in the order of the products'
 * ways; and keeps the kernel as it came. */
denseblock_status dblk_cuda_winograd_prepare(denseblock_context *context,
                                             const denseblock_plan *plan, int64_t l,
                                             const void *kernel, char *prepared);

/* Products of the kept transforms, then the output transform into the outputs, and what later layers
 * keep of it. */
denseblock_status dblk_cuda_winograd_forward(const struct dblk_winograd_call *call, int64_t l,
                                             const char *prepared);

#endif
