/* Convolutions for the suites of cuDNN's double. */
#include "cudnn_case.h"

#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"

const struct convolution usual = {.data = CUDNN_DATA_FLOAT,
                                  .n = 2,
                                  .c = 5,
                                  .h = 7,
                                  .w = 3,
                                  .k = 4,
                                  .r = 3,
                                  .s = 3,
                                  .before = {1, 1},
                                  .behind = {1, 1},
                                  .mode = CUDNN_CROSS_CORRELATION};

denseblock_type type_of(cudnnDataType_t data) {
    return data == CUDNN_DATA_DOUBLE  ? DENSEBLOCK_F64
           : data == CUDNN_DATA_FLOAT ? DENSEBLOCK_F32
           : data == CUDNN_DATA_HALF  ? DENSEBLOCK_F16
                                      : DENSEBLOCK_BF16;
}

static int64_t or_one(int64_t number) {
    return number == 0 ? 1 : number;
}

static int64_t y_size(const struct convolution *of, int axis, int64_t size, int64_t taps) {
    const int64_t window = (taps - 1) * or_one(of->dilation) + 1;
    return (size + of->before[axis] + of->behind[axis] - window) / or_one(of->step) + 1;
}

int64_t y_height(const struct convolution *of) {
    return y_size(of, 0, of->h, of->r);
}

int64_t y_width(const struct convolution *of) {
    return y_size(of, 1, of->w, of->s);
}

static int64_t x_pixel(const struct convolution *of) {
    return of->x_pixel == 0 ? of->c : of->x_pixel;
}

static int64_t y_pixel(const struct convolution *of) {
    return of->y_pixel == 0 ? of->k : of->y_pixel;
}

void begin_case(struct cudnn_case *with, const struct convolution *of) {
    cuda_double_begin(NULL);
    *with = (struct cudnn_case){.of = *of};
    with->stream = new_stream(cudaStreamNonBlocking);
    ck_success(cudnnCreate(&with->handle));
    ck_success(cudnnSetStream(with->handle, with->stream));
}

void end_case(struct cudnn_case *with) {
    while (with->descriptor_count > 0)
        ck_success(cudnnBackendDestroyDescriptor(with->descriptors[--with->descriptor_count]));
    ck_success(cudnnDestroy(with->handle));
    ck_cuda(cudaStreamDestroy(with->stream));
    ck_cuda(cudaFree(with->x));
    ck_cuda(cudaFree(with->w));
    ck_cuda(cudaFree(with->y));
    ck_cuda(cudaFree(with->workspace));
    free(with->host_x);
    free(with->host_w);
    ck_assert_str_eq(cuda_double_leaks(), "");
}

/* ---- Descriptors ---- */

cudnnBackendDescriptor_t new_descriptor(struct cudnn_case *with,
                                        cudnnBackendDescriptorType_t kind) {
    cudnnBackendDescriptor_t descriptor = NULL;
    ck_assert_int_lt(with->descriptor_count, MOST_DESCRIPTORS);
    ck_success(cudnnBackendCreateDescriptor(kind, &descriptor));
    with->descriptors[with->descriptor_count++] = descriptor;
    return descriptor;
}

cudnnBackendDescriptor_t new_tensor(struct cudnn_case *with, int64_t uid,
                                    const int64_t dimensions[4], const int64_t strides[4],
                                    bool is_virtual) {
    cudnnBackendDescriptor_t tensor = new_descriptor(with, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    const int64_t alignment = with->of.alignment != 0
                                  ? with->of.alignment
                                  : (int64_t)denseblock_type_size(type_of(with->of.data));
    set_one(tensor, TENSOR_DATA_TYPE, DATA_TYPE, &with->of.data);
    set_many(tensor, TENSOR_DIMENSIONS, INT64, 4, dimensions);
    set_many(tensor, TENSOR_STRIDES, INT64, 4, strides);
    set_one(tensor, TENSOR_UNIQUE_ID, INT64, &uid);
    set_one(tensor, TENSOR_BYTE_ALIGNMENT, INT64, &alignment);
    set_one(tensor, TENSOR_IS_VIRTUAL, BOOLEAN, &is_virtual);
    return tensor;
}

static cudnnBackendDescriptor_t new_pixels(struct cudnn_case *with, int64_t uid,
                                           const int64_t dimensions[4], int64_t pixel,
                                           bool is_virtual) {
    const int64_t strides[] = {dimensions[2] * dimensions[3] * pixel, 1, dimensions[3] * pixel,
                               pixel};
    cudnnBackendDescriptor_t tensor = new_tensor(with, uid, dimensions, strides, is_virtual);
    ck_success(cudnnBackendFinalize(tensor));
    return tensor;
}

static cudnnBackendDescriptor_t new_x(struct cudnn_case *with, int64_t uid, bool is_virtual) {
    const struct convolution *of = &with->of;
    return new_pixels(with, uid, (const int64_t[]){of->n, of->c, of->h, of->w},
                      is_virtual ? of->c : x_pixel(of), is_virtual);
}

static cudnnBackendDescriptor_t new_filter(struct cudnn_case *with) {
    const struct convolution *of = &with->of;
    const int64_t dimensions[] = {of->k, of->c, of->r, of->s};
    const int64_t krsc[] = {of->r * of->s * of->c, 1, of->s * of->c, of->c};
    const int64_t kcrs[] = {of->c * of->r * of->s, of->r * of->s, of->s, 1};
    cudnnBackendDescriptor_t tensor =
        new_tensor(with, UID_W, dimensions, of->krsc_not ? kcrs : krsc, false);
    ck_success(cudnnBackendFinalize(tensor));
    return tensor;
}

static cudnnDataType_t sums(const struct convolution *of) {
    return of->data == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
}

cudnnBackendDescriptor_t new_convolution(struct cudnn_case *with) {
    cudnnBackendDescriptor_t convolution =
        new_descriptor(with, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    const int64_t axes = 2, step = or_one(with->of.step), dilation = or_one(with->of.dilation);
    const cudnnDataType_t compute = sums(&with->of);
    set_one(convolution, CONVOLUTION_SPATIAL_DIMS, INT64, &axes);
    set_one(convolution, CONVOLUTION_COMP_TYPE, DATA_TYPE, &compute);
    set_one(convolution, CONVOLUTION_CONV_MODE, CONVOLUTION_MODE, &with->of.mode);
    set_many(convolution, CONVOLUTION_PRE_PADDINGS, INT64, 2, with->of.before);
    set_many(convolution, CONVOLUTION_POST_PADDINGS, INT64, 2, with->of.behind);
    set_many(convolution, CONVOLUTION_DILATIONS, INT64, 2,
             ((const int64_t[]){dilation, dilation}));
    set_many(convolution, CONVOLUTION_FILTER_STRIDES, INT64, 2, ((const int64_t[]){step, step}));
    return convolution;
}

static cudnnBackendDescriptor_t forward_of(struct cudnn_case *with, cudnnBackendDescriptor_t x) {
    const struct convolution *of = &with->of;
    cudnnBackendDescriptor_t convolution = new_convolution(with), w = new_filter(with);
    cudnnBackendDescriptor_t y =
        new_pixels(with, UID_Y, (const int64_t[]){of->n, of->k, y_height(of), y_width(of)},
                   y_pixel(of), false);
    cudnnBackendDescriptor_t forward =
        new_descriptor(with, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    const double alpha = of->alpha == 0 ? 1 : of->alpha, zero = 0;
    ck_success(cudnnBackendFinalize(convolution));
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_X, BACKEND_DESCRIPTOR, &x);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_W, BACKEND_DESCRIPTOR, &w);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_Y, BACKEND_DESCRIPTOR, &y);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_CONV_DESC, BACKEND_DESCRIPTOR, &convolution);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_ALPHA, DOUBLE, &alpha);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_BETA, DOUBLE, &zero);
    return forward;
}

cudnnBackendDescriptor_t new_forward(struct cudnn_case *with) {
    return forward_of(with, new_x(with, UID_X, false));
}

static cudnnBackendDescriptor_t new_relu(struct cudnn_case *with, cudnnBackendDescriptor_t y) {
    cudnnBackendDescriptor_t pointwise = new_descriptor(with, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    cudnnBackendDescriptor_t x = new_x(with, UID_X, false);
    cudnnBackendDescriptor_t operation =
        new_descriptor(with, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    const cudnnPointwiseMode_t mode = CUDNN_POINTWISE_RELU_FWD;
    const cudnnDataType_t compute = sums(&with->of);
    const cudnnNanPropagation_t nan =
        with->of.keeps_nan ? CUDNN_PROPAGATE_NAN : CUDNN_NOT_PROPAGATE_NAN;
    set_one(pointwise, POINTWISE_MODE, POINTWISE_MODE, &mode);
    set_one(pointwise, POINTWISE_MATH_PREC, DATA_TYPE, &compute);
    set_one(pointwise, POINTWISE_NAN_PROPAGATION, NAN_PROPOGATION, &nan);
    ck_success(cudnnBackendFinalize(pointwise));
    set_one(operation, OPERATION_POINTWISE_PW_DESCRIPTOR, BACKEND_DESCRIPTOR, &pointwise);
    set_one(operation, OPERATION_POINTWISE_XDESC, BACKEND_DESCRIPTOR, &x);
    set_one(operation, OPERATION_POINTWISE_YDESC, BACKEND_DESCRIPTOR, &y);
    return operation;
}

cudnnBackendDescriptor_t new_graph(struct cudnn_case *with) {
    cudnnBackendDescriptor_t operations[2] = {NULL, NULL};
    int64_t count = 0;
    if (with->of.relu) {
        cudnnBackendDescriptor_t between = new_x(with, UID_VIRTUAL, true);
        operations[count++] = new_relu(with, between);
        operations[count++] = forward_of(with, between);
    } else {
        operations[count++] = new_forward(with);
    }
    for (int64_t i = 0; i < count; i++)
        ck_success(cudnnBackendFinalize(operations[i]));
    cudnnBackendDescriptor_t graph =
        new_descriptor(with, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set_one(graph, OPERATIONGRAPH_HANDLE, HANDLE, &with->handle);
    set_many(graph, OPERATIONGRAPH_OPS, BACKEND_DESCRIPTOR, count, operations);
    return graph;
}

cudnnBackendDescriptor_t new_engine(struct cudnn_case *with, int64_t index) {
    cudnnBackendDescriptor_t engine = new_descriptor(with, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    set_one(engine, ENGINE_OPERATION_GRAPH, BACKEND_DESCRIPTOR, &with->graph);
    set_one(engine, ENGINE_GLOBAL_INDEX, INT64, &index);
    return engine;
}

void make_plan(struct cudnn_case *with, int64_t index) {
    with->graph = new_graph(with);
    ck_success(cudnnBackendFinalize(with->graph));
    cudnnBackendDescriptor_t engine = new_engine(with, index);
    ck_success(cudnnBackendFinalize(engine));
    cudnnBackendDescriptor_t config = new_descriptor(with, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    set_one(config, ENGINECFG_ENGINE, BACKEND_DESCRIPTOR, &engine);
    ck_success(cudnnBackendFinalize(config));
    with->plan = new_descriptor(with, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    set_one(with->plan, EXECUTION_PLAN_HANDLE, HANDLE, &with->handle);
    set_one(with->plan, EXECUTION_PLAN_ENGINE_CONFIG, BACKEND_DESCRIPTOR, &config);
}

/* ---- Memory ---- */

static size_t x_count(const struct convolution *of) {
    return (size_t)(of->n * of->h * of->w * x_pixel(of));
}

static size_t w_count(const struct convolution *of) {
    return (size_t)(of->k * of->r * of->s * of->c);
}

static size_t y_count(const struct convolution *of) {
    return (size_t)(of->n * y_height(of) * y_width(of) * y_pixel(of));
}

static void *new_random(denseblock_type type, size_t count) {
    static unsigned long long state = 88172645463325252ULL;
    void *numbers = calloc(count, denseblock_type_size(type));
    ck_assert_ptr_nonnull(numbers);
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        dblk_element_store(type, numbers, i, (double)(state >> 11) / (double)(1ULL << 52) - 1);
    }
    return numbers;
}

static void *on_device(const void *host, size_t bytes) {
    void *memory = NULL;
    ck_cuda(cudaMalloc(&memory, bytes));
    if (host != NULL)
        ck_cuda(cudaMemcpy(memory, host, bytes, cudaMemcpyHostToDevice));
    return memory;
}

void make_memory(struct cudnn_case *with) {
    const denseblock_type type = type_of(with->of.data);
    const size_t size = denseblock_type_size(type);
    ck_success(cudnnBackendFinalize(with->plan));
    ck_success(cudnnBackendGetAttribute(with->plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                        CUDNN_TYPE_INT64, 1, NULL, &with->workspace_bytes));
    with->host_x = new_random(type, x_count(&with->of));
    with->host_w = new_random(type, w_count(&with->of));
    with->x = on_device(with->host_x, x_count(&with->of) * size);
    with->w = on_device(with->host_w, w_count(&with->of) * size);
    with->y = on_device(NULL, y_count(&with->of) * size);
    with->workspace = on_device(NULL, (size_t)with->workspace_bytes + 16);
    ck_cuda(cudaDeviceSynchronize()); /* the stream does not wait for the copies */
}

cudnnBackendDescriptor_t new_pack(struct cudnn_case *with) {
    const int64_t identifiers[] = {UID_X, UID_W, UID_Y};
    void *const pointers[] = {with->x, with->w, with->y};
    cudnnBackendDescriptor_t pack = new_descriptor(with, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    set_many(pack, VARIANT_PACK_UNIQUE_IDS, INT64, 3, identifiers);
    set_many(pack, VARIANT_PACK_DATA_POINTERS, VOID_PTR, 3, pointers);
    set_one(pack, VARIANT_PACK_WORKSPACE, VOID_PTR, &with->workspace);
    ck_success(cudnnBackendFinalize(pack));
    return pack;
}

void execute(struct cudnn_case *with) {
    ck_success(cudnnBackendExecute(with->handle, with->plan, new_pack(with)));
    ck_cuda(cudaStreamSynchronize(with->stream));
}

/* ---- What it has to give ---- */

struct sum {
    double value, magnitude;
};

static double x_at(const struct cudnn_case *with, int64_t n, int64_t h, int64_t w, int64_t c) {
    const struct convolution *of = &with->of;
    const double value =
        dblk_element_load(type_of(of->data), with->host_x,
                          (size_t)(((n * of->h + h) * of->w + w) * x_pixel(of) + c));
    if (!of->relu || value > 0)
        return value;
    return isnan(value) && of->keeps_nan ? value : 0;
}

static double w_at(const struct cudnn_case *with, int64_t k, int64_t r, int64_t s, int64_t c) {
    const struct convolution *of = &with->of;
    const int64_t place = of->krsc_not ? ((k * of->c + c) * of->r + r) * of->s + s
                                       : ((k * of->r + r) * of->s + s) * of->c + c;
    return dblk_element_load(type_of(of->data), with->host_w, (size_t)place);
}

static struct sum sum_at(const struct cudnn_case *with, const int64_t at[4]) {
    const struct convolution *of = &with->of;
    struct sum sum = {0, 0};
    for (int64_t r = 0; r < of->r; r++)
        for (int64_t s = 0; s < of->s; s++)
            for (int64_t c = 0; c < of->c; c++) {
                const int64_t step = or_one(of->step), dilation = or_one(of->dilation);
                const int64_t h = at[1] * step + r * dilation - of->before[0];
                const int64_t w = at[2] * step + s * dilation - of->before[1];
                if (h < 0 || h >= of->h || w < 0 || w >= of->w)
                    continue;
                const bool flipped = of->mode == CUDNN_CONVOLUTION;
                const double product =
                    x_at(with, at[0], h, w, c) * w_at(with, at[3], flipped ? of->r - 1 - r : r,
                                                      flipped ? of->s - 1 - s : s, c);
                sum.value += product;
                sum.magnitude += fabs(product);
            }
    return sum;
}

static void check_element(double found, struct sum expected, double factor, double tolerance) {
    if (isnan(expected.value) || isinf(expected.value))
        ck_assert_msg(isnan(found) || isinf(found), "%g, not %g", found, expected.value);
    else
        ck_assert_msg(fabs(found - factor * expected.value) <= tolerance * expected.magnitude,
                      "%g, not %g", found, factor * expected.value);
}

void check_result(const struct cudnn_case *with, double factor, double tolerance) {
    const struct convolution *of = &with->of;
    const denseblock_type type = type_of(of->data);
    const size_t bytes = y_count(of) * denseblock_type_size(type);
    void *const host = calloc(1, bytes);
    ck_assert_ptr_nonnull(host);
    for (int64_t pixel = 0; pixel < of->n * y_height(of) * y_width(of); pixel++) {
        const int64_t at[] = {pixel / (y_height(of) * y_width(of)),
                              pixel / y_width(of) % y_height(of), pixel % y_width(of), 0};
        const size_t first = (size_t)(pixel * y_pixel(of)) * denseblock_type_size(type);
        ck_cuda(cudaMemcpy(host, (const char *)with->y + first,
                           (size_t)of->k * denseblock_type_size(type), cudaMemcpyDeviceToHost));
        for (int64_t k = 0; k < of->k; k++)
            check_element(dblk_element_load(type, host, (size_t)k),
                          sum_at(with, (const int64_t[]){at[0], at[1], at[2], k}), factor,
                          tolerance);
    }
    free(host);
}
