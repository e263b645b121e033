/* The tensor-core convolution of each form, which has a file of its own. Sums of one split of the
 * channels lie `split_sums` elements behind those of the one before. */
#ifndef DENSEBLOCK_CUDA_TENSOR_FORMS_H
#define DENSEBLOCK_CUDA_TENSOR_FORMS_H

#include "tensor.h"

typedef denseblock_status dblk_tensor_launcher(void *stream,
                                               const struct dblk_direct_convolution *convolution,
                                               const struct dblk_tensor_way *way,
                                               int64_t split_sums);

dblk_tensor_launcher dblk_tensor_launch_f16, dblk_tensor_launch_bf16, dblk_tensor_launch_tf32,
    dblk_tensor_launch_tf32x3;

/* Adds the sums of all splits, [splits][pixels][columns], to what the convolution begins with, and
 * finishes it. */
denseblock_status dblk_tensor_combine(void *stream,
                                      const struct dblk_direct_convolution *convolution,
                                      const float *parts, int splits);

#endif
