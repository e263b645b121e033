/* What tensor.cu calls: the kernels of each form, which has a file of its own, and what follows them. */
#ifndef DENSEBLOCK_CUDA_TENSOR_FORMS_H
#define DENSEBLOCK_CUDA_TENSOR_FORMS_H

#include "tensor.h"

struct tensor_arguments;

/* Enqueues so many products side by side, or one convolution. Of the arguments, those that a kernel's
 * constants give are not there yet. */
typedef denseblock_status dblk_tensor_launcher(void *stream, const tensor_arguments &arguments,
                                               const struct dblk_tensor_way *way, int products);

dblk_tensor_launcher dblk_tensor_launch_f16, dblk_tensor_launch_bf16, dblk_tensor_launch_tf32,
    dblk_tensor_launch_tf32x3;
dblk_tensor_launcher dblk_tensor_wgmma_launch_f16, dblk_tensor_wgmma_launch_bf16,
    dblk_tensor_wgmma_launch_tf32, dblk_tensor_wgmma_launch_tf32x3;

/* Adds the sums of all splits, [splits][pixels][columns], to what the convolution begins with, and
 * finishes it. */
denseblock_status dblk_tensor_combine(void *stream,
                                      const struct dblk_direct_convolution *convolution,
                                      const float *parts, int splits);

#endif
