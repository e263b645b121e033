/* Tensors of cuDNN: what their descriptors say, and where their elements lie. */
#include "cudnn_tensors.h"

#include <stdint.h>
#include <string.h>

#include "allocate.h"
#include "cudnn_calls.h"
#include "cudnn_finalize.h"

static bool find_type(cudnnDataType_t data, denseblock_type *type) {
    switch (data) {
    case CUDNN_DATA_DOUBLE:
        *type = DENSEBLOCK_F64;
        return true;
    case CUDNN_DATA_FLOAT:
        *type = DENSEBLOCK_F32;
        return true;
    case CUDNN_DATA_HALF:
        *type = DENSEBLOCK_F16;
        return true;
    case CUDNN_DATA_BFLOAT16:
        *type = DENSEBLOCK_BF16;
        return true;
    default:
        return false;
    }
}

static bool are_positive(const int64_t *numbers, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (numbers[i] <= 0)
            return false;
    return true;
}

cudnnStatus_t double_cudnn_finalize_tensor(struct double_cudnn_descriptor *descriptor) {
    int64_t dimensions, strides;
    const int64_t *dimension =
        double_cudnn_get(descriptor, CUDNN_ATTR_TENSOR_DIMENSIONS, &dimensions);
    const int64_t *stride = double_cudnn_get(descriptor, CUDNN_ATTR_TENSOR_STRIDES, &strides);
    const int64_t data = double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_DATA_TYPE, 0);
    const int64_t alignment =
        double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 0);
    denseblock_type type;
    if (!find_type((cudnnDataType_t)data, &type) ||
        double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_IS_BY_VALUE, 0) != 0 ||
        double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_VECTOR_COUNT, 1) != 1)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE,
                                   "the double has no tensors of type %d, by value or of vectors",
                                   (int)data);
    if (dimensions != strides || !are_positive(dimension, dimensions) ||
        !are_positive(stride, strides))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM,
                                   "dimensions and strides are as many, and positive");
    if (alignment <= 0 || alignment % (int64_t)denseblock_type_size(type) != 0)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "an alignment of %lld bytes",
                                   (long long)alignment);
    return CUDNN_STATUS_SUCCESS;
}

bool double_cudnn_read_tensor(const struct double_cudnn_descriptor *descriptor,
                              struct double_cudnn_tensor *tensor) {
    int64_t count;
    const void *dimensions = double_cudnn_get(descriptor, CUDNN_ATTR_TENSOR_DIMENSIONS, &count);
    if (count != DOUBLE_CUDNN_DIMENSIONS)
        return false;
    memcpy(tensor->dimensions, dimensions, sizeof tensor->dimensions);
    memcpy(tensor->strides, double_cudnn_get(descriptor, CUDNN_ATTR_TENSOR_STRIDES, &count),
           sizeof tensor->strides);
    tensor->data = (cudnnDataType_t)double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_DATA_TYPE,
                                                         CUDNN_DATA_FLOAT);
    tensor->uid = double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_UNIQUE_ID, 0);
    tensor->alignment = double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 1);
    tensor->is_virtual = double_cudnn_integer(descriptor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, 0) != 0;
    return find_type(tensor->data, &tensor->type);
}

/* Elements from the first to the last. */
static int64_t extent(const struct double_cudnn_tensor *tensor) {
    int64_t elements = 1;
    for (int i = 0; i < DOUBLE_CUDNN_DIMENSIONS; i++)
        elements += (tensor->dimensions[i] - 1) * tensor->strides[i];
    return elements;
}

struct double_span double_cudnn_span(const struct double_cudnn_tensor *tensor,
                                     const void *begin) {
    return (struct double_span){begin,
                                (size_t)extent(tensor) * denseblock_type_size(tensor->type)};
}

bool double_cudnn_is_packed(const struct double_cudnn_tensor *tensor) {
    int64_t count = 1;
    for (int i = 0; i < DOUBLE_CUDNN_DIMENSIONS; i++)
        count *= tensor->dimensions[i];
    return count == extent(tensor);
}

bool double_cudnn_each_run(const struct double_cudnn_tensor *tensor, double_cudnn_run *each,
                           void *with) {
    const size_t size = denseblock_type_size(tensor->type);
    const int64_t *s = tensor->strides;
    int64_t d[DOUBLE_CUDNN_DIMENSIONS], run = 1;
    memcpy(d, tensor->dimensions, sizeof d);
    for (int i = 0; i < DOUBLE_CUDNN_DIMENSIONS && run == 1; i++)
        if (s[i] == 1) {
            run = d[i];
            d[i] = 1;
        }
    for (int64_t n = 0; n < d[0]; n++)
        for (int64_t c = 0; c < d[1]; c++)
            for (int64_t h = 0; h < d[2]; h++)
                for (int64_t w = 0; w < d[3]; w++)
                    if (!each(with, (size_t)(n * s[0] + c * s[1] + h * s[2] + w * s[3]) * size,
                              (size_t)run * size))
                        return false;
    return true;
}

/* ---- Who shares bytes with whom ---- */

/* Bytes from an address on, 1 where they are taken. */
struct taken {
    uintptr_t begin;
    size_t bytes;
    unsigned char *is;
    uintptr_t from; /* where the tensor whose runs are looked at begins */
};

static bool take_run(void *with, size_t first, size_t bytes) {
    const struct taken *taken = with;
    if (memchr(taken->is + first, 1, bytes) != NULL)
        return false;
    memset(taken->is + first, 1, bytes);
    return true;
}

static bool is_run_free(void *with, size_t first, size_t bytes) {
    const struct taken *taken = with;
    const uintptr_t begin = taken->from + first, end = begin + bytes;
    const uintptr_t low = begin > taken->begin ? begin : taken->begin;
    const uintptr_t most = taken->begin + taken->bytes, high = end < most ? end : most;
    return low >= high || memchr(taken->is + (low - taken->begin), 1, high - low) == NULL;
}

bool double_cudnn_share(const struct double_cudnn_tensor *a, const void *a_begin,
                        const struct double_cudnn_tensor *b, const void *b_begin) {
    const struct double_span a_span = double_cudnn_span(a, a_begin);
    if (!double_overlap(a_span, double_cudnn_span(b, b_begin)))
        return false;
    struct taken taken = {(uintptr_t)a_begin, a_span.bytes, double_new(a_span.bytes),
                          (uintptr_t)b_begin};
    (void)double_cudnn_each_run(a, take_run, &taken);
    const bool share = !double_cudnn_each_run(b, is_run_free, &taken);
    free(taken.is);
    return share;
}

bool double_cudnn_shares_own(const struct double_cudnn_tensor *tensor) {
    const size_t bytes = double_cudnn_span(tensor, NULL).bytes;
    struct taken taken = {0, bytes, double_new(bytes), 0};
    const bool shares = !double_cudnn_each_run(tensor, take_run, &taken);
    free(taken.is);
    return shares;
}
