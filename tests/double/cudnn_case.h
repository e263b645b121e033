/* Convolutions for the suites of cuDNN's double: their descriptors, their memory, and what they have
 * to give. */
#ifndef TESTS_DOUBLE_CUDNN_CASE_H
#define TESTS_DOUBLE_CUDNN_CASE_H

#include <cudnn.h>

#include "cudnn_double.h"
#include "denseblock.h"
#include "test_kernels.h"

#define ck_cudnn(call, expected)                                                           \
    do {                                                                                   \
        const int ck_status = (int)(call);                                                 \
        char ck_words[256];                                                                \
        cudnnGetLastErrorString(ck_words, sizeof ck_words);                                \
        ck_assert_msg(ck_status == (int)(expected), "%s: %d, with '%s'", #call, ck_status, \
                      ck_words);                                                           \
    } while (0)
#define ck_success(call) ck_cudnn(call, CUDNN_STATUS_SUCCESS)

/* An attribute of one element, or of several. */
#define set_one(descriptor, name, type, value) \
    ck_success(                                \
        cudnnBackendSetAttribute(descriptor, CUDNN_ATTR_##name, CUDNN_TYPE_##type, 1, value))
#define set_many(descriptor, name, type, count, values)                                          \
    ck_success(cudnnBackendSetAttribute(descriptor, CUDNN_ATTR_##name, CUDNN_TYPE_##type, count, \
                                        values))

enum { UID_X = 11, UID_W = 5, UID_Y = 7, UID_VIRTUAL = 3, MOST_DESCRIPTORS = 64 };

/* y[n][k][p][q] of x[n][c][h][w] and w[k][c][r][s], NHWC and KRSC. */
struct convolution {
    cudnnDataType_t data;
    int64_t n, c, h, w, k, r, s;
    int64_t before[2], behind[2];
    int64_t step, dilation;   /* of both axes; 0: 1 */
    double alpha;             /* 0: 1 */
    int64_t x_pixel, y_pixel; /* elements from one to the next; 0: c, k */
    cudnnConvolutionMode_t mode;
    bool relu, keeps_nan;
    int64_t alignment; /* 0: as the type */
    bool krsc_not;     /* the filter lies as KCRS */
};

/* f32, 3x3, of ragged sizes, packed. */
extern const struct convolution usual;

/* What a test has made, all of it given back by end_case. */
struct cudnn_case {
    struct convolution of;
    cudnnHandle_t handle;
    cudaStream_t stream;
    cudnnBackendDescriptor_t descriptors[MOST_DESCRIPTORS];
    int descriptor_count;
    cudnnBackendDescriptor_t graph, plan;
    int64_t workspace_bytes;
    void *x, *w, *y, *workspace; /* of the device */
    void *host_x, *host_w;
};

denseblock_type type_of(cudnnDataType_t data);
int64_t y_height(const struct convolution *of);
int64_t y_width(const struct convolution *of);

/* Begins the double anew, and makes a handle with a stream. */
void begin_case(struct cudnn_case *with, const struct convolution *of);
void end_case(struct cudnn_case *with);

/* A new descriptor, that end_case destroys. */
cudnnBackendDescriptor_t new_descriptor(struct cudnn_case *with,
                                        cudnnBackendDescriptorType_t kind);

/* Descriptors that are filled, and not finalised. */
cudnnBackendDescriptor_t new_tensor(struct cudnn_case *with, int64_t uid,
                                    const int64_t dimensions[4], const int64_t strides[4],
                                    bool is_virtual);
cudnnBackendDescriptor_t new_convolution(struct cudnn_case *with);

/* With their parts, which are finalised. */
cudnnBackendDescriptor_t new_forward(struct cudnn_case *with);
cudnnBackendDescriptor_t new_graph(struct cudnn_case *with);
cudnnBackendDescriptor_t new_engine(struct cudnn_case *with, int64_t index);

/* Makes with->graph, finalised, and with->plan, not finalised, of the engine with this index. */
void make_plan(struct cudnn_case *with, int64_t index);

/* Finalises the plan, and makes memory filled with random numbers; y is never written. */
void make_memory(struct cudnn_case *with);

/* A variant pack of its pointers, finalised. */
cudnnBackendDescriptor_t new_pack(struct cudnn_case *with);

/* Runs the plan, and waits. */
void execute(struct cudnn_case *with);

/* y is `factor` times what it has to be, to `tolerance` relative to the sum of magnitudes. */
void check_result(const struct cudnn_case *with, double factor, double tolerance);

#endif
