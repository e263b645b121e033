/* Operations and their graphs. */
#include "cudnn_graph.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "cudnn_engines.h"
#include "cudnn_finalize.h"

/* ---- Convolutions ---- */

/* One number for each axis, not below `least`. */
static bool is_of_axes(const struct double_cudnn_descriptor *descriptor,
                       cudnnBackendAttributeName_t name, int64_t axes, int64_t least) {
    int64_t count;
    const int64_t *numbers = double_cudnn_get(descriptor, name, &count);
    for (int64_t i = 0; i < count; i++)
        if (numbers[i] < least)
            return false;
    return count == axes;
}

cudnnStatus_t double_cudnn_finalize_convolution(struct double_cudnn_descriptor *descriptor) {
    const int64_t axes = double_cudnn_integer(descriptor, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 0);
    if (!is_of_axes(descriptor, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, axes, 0) ||
        !is_of_axes(descriptor, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, axes, 0) ||
        !is_of_axes(descriptor, CUDNN_ATTR_CONVOLUTION_DILATIONS, axes, 1) ||
        !is_of_axes(descriptor, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, axes, 1))
        return double_cudnn_refuse(
            CUDNN_STATUS_BAD_PARAM,
            "paddings, dilations or strides are not of %lld dimensions, or "
            "too small",
            (long long)axes);
    return axes == DOUBLE_CUDNN_AXES
               ? CUDNN_STATUS_SUCCESS
               : double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED,
                                     "the double convolves in two dimensions");
}

static void read_axes(const struct double_cudnn_descriptor *descriptor,
                      cudnnBackendAttributeName_t name, int64_t numbers[DOUBLE_CUDNN_AXES]) {
    int64_t count;
    memcpy(numbers, double_cudnn_get(descriptor, name, &count),
           DOUBLE_CUDNN_AXES * sizeof *numbers);
}

static void read_convolution(const struct double_cudnn_descriptor *descriptor,
                             struct double_cudnn_problem *problem) {
    read_axes(descriptor, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, problem->before);
    read_axes(descriptor, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, problem->behind);
    read_axes(descriptor, CUDNN_ATTR_CONVOLUTION_DILATIONS, problem->dilation);
    read_axes(descriptor, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, problem->step);
    problem->sums = (cudnnDataType_t)double_cudnn_integer(
        descriptor, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    problem->flipped = double_cudnn_integer(descriptor, CUDNN_ATTR_CONVOLUTION_CONV_MODE, 0) ==
                       CUDNN_CONVOLUTION;
}

/* Sums are of f64 for tensors of f64, of f32 for all others; what is only virtual may be of their
 * type too. */
static bool do_types_agree(const struct double_cudnn_problem *problem) {
    const cudnnDataType_t data = problem->w.data, sums = problem->sums;
    return data == problem->y.data &&
           sums == (data == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT) &&
           (problem->x.data == data || (problem->x.is_virtual && problem->x.data == sums));
}

static bool do_shapes_agree(const struct double_cudnn_problem *problem) {
    const int64_t *x = problem->x.dimensions, *w = problem->w.dimensions;
    const int64_t *y = problem->y.dimensions;
    bool agree = y[0] == x[0] && y[1] == w[0] && x[1] == w[1];
    for (int i = 0; i < DOUBLE_CUDNN_AXES; i++) {
        const int64_t window = (w[2 + i] - 1) * problem->dilation[i] + 1;
        const int64_t all = x[2 + i] + problem->before[i] + problem->behind[i];
        agree = agree && all >= window && y[2 + i] == (all - window) / problem->step[i] + 1;
    }
    return agree;
}

static bool read_part(const struct double_cudnn_descriptor *operation,
                      cudnnBackendAttributeName_t name, struct double_cudnn_tensor *tensor) {
    return double_cudnn_read_tensor(double_cudnn_pointer(operation, name), tensor);
}

static cudnnStatus_t read_forward(const struct double_cudnn_descriptor *operation,
                                  struct double_cudnn_problem *problem) {
    if (!read_part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, &problem->x) ||
        !read_part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, &problem->w) ||
        !read_part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, &problem->y))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM,
                                   "a convolution of tensors that have not four dimensions");
    read_convolution(
        double_cudnn_pointer(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC),
        problem);
    problem->alpha =
        double_cudnn_real(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1);
    problem->beta =
        double_cudnn_real(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
double_cudnn_finalize_convolution_forward(struct double_cudnn_descriptor *descriptor) {
    struct double_cudnn_problem problem;
    const cudnnStatus_t status = read_forward(descriptor, &problem);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    return do_shapes_agree(&problem)
               ? CUDNN_STATUS_SUCCESS
               : double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM,
                                     "the dimensions of x, w and y do not go together");
}

/* ---- Pointwise ---- */

cudnnStatus_t double_cudnn_finalize_pointwise(struct double_cudnn_descriptor *descriptor) {
    const int64_t mode = double_cudnn_integer(descriptor, CUDNN_ATTR_POINTWISE_MODE, 0);
    const int64_t computes = double_cudnn_integer(descriptor, CUDNN_ATTR_POINTWISE_MATH_PREC, 0);
    if ((mode != CUDNN_POINTWISE_RELU_FWD && mode != CUDNN_POINTWISE_IDENTITY) ||
        (computes != CUDNN_DATA_FLOAT && computes != CUDNN_DATA_DOUBLE))
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED,
                                   "the double knows ReLU and identity, in f32 or f64");
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
double_cudnn_finalize_operation_pointwise(struct double_cudnn_descriptor *descriptor) {
    struct double_cudnn_tensor x, y;
    if (!read_part(descriptor, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &x) ||
        !read_part(descriptor, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &y) ||
        memcmp(x.dimensions, y.dimensions, sizeof x.dimensions) != 0)
        return double_cudnn_refuse(
            CUDNN_STATUS_BAD_PARAM,
            "x and y of a pointwise operation differ in dimensions, or have "
            "not four");
    return CUDNN_STATUS_SUCCESS;
}

/* As documented, an upper clip that is not set is the greatest number: Inf does not pass. */
static void read_relu(const struct double_cudnn_descriptor *pointwise,
                      struct double_cudnn_problem *problem) {
    const bool f64 =
        double_cudnn_integer(pointwise, CUDNN_ATTR_POINTWISE_MATH_PREC, 0) == CUDNN_DATA_DOUBLE;
    problem->has_relu = true;
    problem->keeps_nan = double_cudnn_integer(pointwise, CUDNN_ATTR_POINTWISE_NAN_PROPAGATION,
                                              0) == CUDNN_PROPAGATE_NAN;
    problem->lower = double_cudnn_real(pointwise, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, 0);
    problem->upper = double_cudnn_real(pointwise, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP,
                                       f64 ? DBL_MAX : (double)FLT_MAX);
    problem->slope = double_cudnn_real(pointwise, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, 0);
    if (double_cudnn_integer(pointwise, CUDNN_ATTR_POINTWISE_MODE, 0) ==
        CUDNN_POINTWISE_IDENTITY) {
        problem->keeps_nan = true;
        problem->lower = -(double)INFINITY;
        problem->upper = (double)INFINITY;
    }
}

/* x is what the operation reads, and no longer what it writes. */
static cudnnStatus_t read_pointwise(const struct double_cudnn_descriptor *operation,
                                    struct double_cudnn_problem *problem) {
    const struct double_cudnn_tensor between = problem->x;
    struct double_cudnn_tensor written;
    (void)read_part(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &problem->x);
    (void)read_part(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &written);
    if (!between.is_virtual || written.uid != between.uid || problem->x.is_virtual ||
        double_cudnn_real(operation, CUDNN_ATTR_OPERATION_POINTWISE_ALPHA1, 1) != 1)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN,
                                   "what the pointwise operation writes is not the convolution's "
                                   "virtual x");
    if (problem->x.uid == between.uid)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES,
                                   "two tensors with identifier %lld", (long long)between.uid);
    if (problem->x.data != problem->w.data)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE,
                                   "the types of x and w differ");
    read_relu(double_cudnn_pointer(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR),
              problem);
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Graphs ---- */

static cudnnStatus_t check_identifiers(const struct double_cudnn_problem *problem) {
    const int64_t x = problem->x.uid, w = problem->w.uid, y = problem->y.uid;
    return x == w || x == y || w == y
               ? double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES,
                                     "two tensors with the same identifier: %lld, %lld, %lld",
                                     (long long)x, (long long)w, (long long)y)
               : CUDNN_STATUS_SUCCESS;
}

/* A convolution, and perhaps a pointwise operation; in any order. */
struct operations {
    const struct double_cudnn_descriptor *forward, *pointwise; /* NULL: there is none */
};

static cudnnStatus_t find_operations(const struct double_cudnn_descriptor *graph,
                                     struct operations *found) {
    int64_t count;
    struct double_cudnn_descriptor *const *operations =
        double_cudnn_get(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, &count);
    *found = (struct operations){NULL, NULL};
    for (int64_t i = 0; i < count; i++) {
        if (operations[i]->kind == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
            found->pointwise = operations[i];
        else
            found->forward = operations[i];
    }
    if (found->forward != NULL && count == (found->pointwise == NULL ? 1 : 2))
        return CUDNN_STATUS_SUCCESS;
    return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN,
                               "neither a convolution, nor one behind a pointwise operation");
}

cudnnStatus_t double_cudnn_read_graph(const struct double_cudnn_descriptor *graph,
                                      struct double_cudnn_problem *problem) {
    struct operations operations;
    cudnnStatus_t status = find_operations(graph, &operations);
    *problem = (struct double_cudnn_problem){.has_relu = false};
    if (status == CUDNN_STATUS_SUCCESS)
        status = read_forward(operations.forward, problem);
    if (status == CUDNN_STATUS_SUCCESS && !do_types_agree(problem))
        status = double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE,
                                     "the types of x, w, y and of the sums do not go together");
    if (status == CUDNN_STATUS_SUCCESS && operations.pointwise != NULL)
        status = read_pointwise(operations.pointwise, problem);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (problem->x.is_virtual || problem->w.is_virtual || problem->y.is_virtual)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN,
                                   "a virtual tensor at an end of the graph");
    return check_identifiers(problem);
}

cudnnStatus_t double_cudnn_finalize_graph(struct double_cudnn_descriptor *descriptor) {
    struct double_cudnn_problem problem;
    const cudnnStatus_t status = double_cudnn_read_graph(descriptor, &problem);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (double_cudnn_shares_own(&problem.y))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "elements of y share bytes");
    const int64_t engines = double_cudnn_engine_end();
    double_cudnn_put(descriptor, CUDNN_ATTR_OPERATIONGRAPH_ENGINE_GLOBAL_COUNT, CUDNN_TYPE_INT64,
                     1, &engines);
    return CUDNN_STATUS_SUCCESS;
}
