/* The tensor-core convolution of each form, which has a file of its own. */
#ifndef DENSEBLOCK_CUDA_TENSOR_FORMS_H
#define DENSEBLOCK_CUDA_TENSOR_FORMS_H

#include "tensor.h"

typedef denseblock_status dblk_tensor_launcher(void *stream,
                                               const struct dblk_direct_convolution *convolution,
                                               const struct dblk_tensor_way *way);

dblk_tensor_launcher dblk_tensor_launch_f16, dblk_tensor_launch_bf16, dblk_tensor_launch_tf32,
    dblk_tensor_launch_tf32x3;

#endif
