#include "backends/cudnn/cudnn_graph.h"

#include <math.h>

/* Also the id of a tensor, but of none that has memory. */
enum { RECTIFIED = DBLK_CUDNN_OUTPUT + 1 };

enum { KERNEL_ALIGNMENT = 16 }; /* prepared weights are aligned to more */

/* Sizes and strides in the order of cuDNN: images, channels, rows, columns; of a kernel: growth,
 * channels, rows, columns. */
enum { RANK = 4, SPATIAL = 2 };

struct tensor {
    int64_t id;
    int64_t sizes[RANK], strides[RANK];
    int64_t alignment;
};

static cudnnDataType_t data_type(denseblock_type type) {
    switch (type) {
    case DENSEBLOCK_F64:
        return CUDNN_DATA_DOUBLE;
    case DENSEBLOCK_F16:
        return CUDNN_DATA_HALF;
    case DENSEBLOCK_BF16:
        return CUDNN_DATA_BFLOAT16;
    case DENSEBLOCK_F32:
        break;
    }
    return CUDNN_DATA_FLOAT;
}

/* In which sums are kept. */
static cudnnDataType_t sum_type(denseblock_type type) {
    return type == DENSEBLOCK_F64 ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
}

static struct tensor feature_tensor(const struct dblk_cudnn_convolution *c, int64_t id,
                                    int64_t channels, int64_t stride, int64_t alignment) {
    return (struct tensor){
        .id = id,
        .sizes = {c->images, channels, c->height, c->width},
        .strides = {c->height * c->width * stride, 1, c->width * stride, stride},
        .alignment = alignment,
    };
}

static struct tensor kernel_tensor(const struct dblk_cudnn_convolution *c) {
    return (struct tensor){
        .id = DBLK_CUDNN_KERNEL,
        .sizes = {c->growth, c->channels, c->kernel_height, c->kernel_width},
        .strides = {c->kernel_height * c->kernel_width * c->channels, 1,
                    c->kernel_width * c->channels, c->channels},
        .alignment = KERNEL_ALIGNMENT,
    };
}

static cudnnBackendDescriptor_t add_tensor(struct dblk_cudnn_descriptors *set,
                                           denseblock_type type, const struct tensor *tensor) {
    const cudnnDataType_t element = data_type(type);
    cudnnBackendDescriptor_t made = dblk_cudnn_add(set, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    dblk_cudnn_set(set, made, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &element);
    dblk_cudnn_set(set, made, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, RANK,
                   tensor->sizes);
    dblk_cudnn_set(set, made, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, RANK, tensor->strides);
    dblk_cudnn_set(set, made, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &tensor->id);
    dblk_cudnn_set(set, made, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1,
                   &tensor->alignment);
    if (tensor->id == RECTIFIED) {
        const bool is_virtual = true;
        dblk_cudnn_set(set, made, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1,
                       &is_virtual);
    }
    dblk_cudnn_finalize(set, made);
    return made;
}

/* NaN stays NaN, and infinity infinity: by itself cuDNN's ReLU ends at the largest float. */
static cudnnBackendDescriptor_t add_relu(struct dblk_cudnn_descriptors *set,
                                         denseblock_type type) {
    const cudnnPointwiseMode_t mode = CUDNN_POINTWISE_RELU_FWD;
    const cudnnDataType_t sums = sum_type(type);
    const cudnnNanPropagation_t nan = CUDNN_PROPAGATE_NAN;
    const double top = INFINITY;
    cudnnBackendDescriptor_t relu = dblk_cudnn_add(set, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    dblk_cudnn_set(set, relu, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    dblk_cudnn_set(set, relu, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    dblk_cudnn_set(set, relu, CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, 1,
                   &nan);
    dblk_cudnn_set(set, relu, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, CUDNN_TYPE_DOUBLE, 1, &top);
    dblk_cudnn_finalize(set, relu);
    return relu;
}

static cudnnBackendDescriptor_t add_relu_operation(struct dblk_cudnn_descriptors *set,
                                                   denseblock_type type,
                                                   cudnnBackendDescriptor_t from,
                                                   cudnnBackendDescriptor_t to) {
    cudnnBackendDescriptor_t relu = add_relu(set, type);
    cudnnBackendDescriptor_t made =
        dblk_cudnn_add(set, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, relu);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, from);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, to);
    dblk_cudnn_finalize(set, made);
    return made;
}

static cudnnBackendDescriptor_t add_convolution(struct dblk_cudnn_descriptors *set,
                                                const struct dblk_cudnn_convolution *c) {
    const cudnnDataType_t sums = sum_type(c->type);
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION; /* the kernel is not turned */
    const int64_t dimensions = SPATIAL, ones[SPATIAL] = {1, 1};
    const int64_t before[SPATIAL] = {(c->kernel_height - 1) / 2, (c->kernel_width - 1) / 2};
    const int64_t after[SPATIAL] = {c->kernel_height / 2, c->kernel_width / 2};
    cudnnBackendDescriptor_t made = dblk_cudnn_add(set, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &sums);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1,
                   &mode);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1,
                   &dimensions);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, SPATIAL, ones);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, SPATIAL,
                   ones);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, SPATIAL,
                   before);
    dblk_cudnn_set(set, made, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, SPATIAL,
                   after);
    dblk_cudnn_finalize(set, made);
    return made;
}

/* Scalars are doubles for f64 tensors and floats for all others. */
static cudnnBackendDescriptor_t add_convolution_operation(struct dblk_cudnn_descriptors *set,
                                                          const struct dblk_cudnn_convolution *c,
                                                          cudnnBackendDescriptor_t input,
                                                          cudnnBackendDescriptor_t kernel,
                                                          cudnnBackendDescriptor_t output) {
    const double one = 1, zero = 0;
    const float one_f32 = 1, zero_f32 = 0;
    const bool is_f64 = c->type == DENSEBLOCK_F64;
    const cudnnBackendAttributeType_t scalar = is_f64 ? CUDNN_TYPE_DOUBLE : CUDNN_TYPE_FLOAT;
    cudnnBackendDescriptor_t convolution = add_convolution(set, c);
    cudnnBackendDescriptor_t made =
        dblk_cudnn_add(set, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, input);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, kernel);
    dblk_cudnn_link(set, made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, output);
    dblk_cudnn_set(set, made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, scalar, 1,
                   is_f64 ? (const void *)&one : &one_f32);
    dblk_cudnn_set(set, made, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, scalar, 1,
                   is_f64 ? (const void *)&zero : &zero_f32);
    dblk_cudnn_finalize(set, made);
    return made;
}

cudnnBackendDescriptor_t dblk_cudnn_build_graph(struct dblk_cudnn_descriptors *set,
                                                cudnnHandle_t handle,
                                                const struct dblk_cudnn_convolution *c) {
    const struct tensor input =
        feature_tensor(c, DBLK_CUDNN_INPUT, c->channels, c->input_stride, c->input_alignment);
    const struct tensor kernel = kernel_tensor(c);
    const struct tensor output =
        feature_tensor(c, DBLK_CUDNN_OUTPUT, c->growth, c->output_stride, c->output_alignment);
    cudnnBackendDescriptor_t operations[2];
    int64_t count = 0;
    cudnnBackendDescriptor_t features = add_tensor(set, c->type, &input);
    if (c->relu) {
        const struct tensor packed =
            feature_tensor(c, RECTIFIED, c->channels, c->channels, KERNEL_ALIGNMENT);
        cudnnBackendDescriptor_t rectified = add_tensor(set, c->type, &packed);
        operations[count++] = add_relu_operation(set, c->type, features, rectified);
        features = rectified;
    }
    cudnnBackendDescriptor_t weights = add_tensor(set, c->type, &kernel);
    operations[count++] =
        add_convolution_operation(set, c, features, weights, add_tensor(set, c->type, &output));
    cudnnBackendDescriptor_t graph = dblk_cudnn_add(set, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    if (handle != NULL)
        dblk_cudnn_set(set, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1,
                       &handle);
    dblk_cudnn_set(set, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                   count, operations);
    dblk_cudnn_finalize(set, graph);
    return graph;
}
