/* Tensors of cuDNN: what their descriptors say, and where their elements lie. */
#ifndef TESTS_DOUBLE_CUDNN_TENSORS_H
#define TESTS_DOUBLE_CUDNN_TENSORS_H

#include "cudnn_descriptors.h"
#include "denseblock.h"
#include "operations.h"

enum { DOUBLE_CUDNN_DIMENSIONS = 4 };

/* In the order N, C, H, W, or K, C, R, S of a filter, however they lie in memory. Strides count
 * elements. */
struct double_cudnn_tensor {
    cudnnDataType_t data;
    denseblock_type type;
    int64_t dimensions[DOUBLE_CUDNN_DIMENSIONS], strides[DOUBLE_CUDNN_DIMENSIONS];
    int64_t uid, alignment;
    bool is_virtual;
};

/* Of a finalised descriptor with so many dimensions; false where it has others. */
bool double_cudnn_read_tensor(const struct double_cudnn_descriptor *descriptor,
                              struct double_cudnn_tensor *tensor);

/* From its first element to its last, at an address. */
struct double_span double_cudnn_span(const struct double_cudnn_tensor *tensor, const void *begin);

/* Whether there are no gaps between its elements. */
bool double_cudnn_is_packed(const struct double_cudnn_tensor *tensor);

/* Its elements, a run of neighbours at a time, until `each` gives false: then false. */
typedef bool double_cudnn_run(void *with, size_t first_byte, size_t bytes);
bool double_cudnn_each_run(const struct double_cudnn_tensor *tensor, double_cudnn_run *each,
                           void *with);

/* Whether an element of one is, at least in part, one of the other; or one of a tensor shares bytes
 * with another one of its own. */
bool double_cudnn_share(const struct double_cudnn_tensor *a, const void *a_begin,
                        const struct double_cudnn_tensor *b, const void *b_begin);
bool double_cudnn_shares_own(const struct double_cudnn_tensor *tensor);

#endif
