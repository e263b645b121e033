/* What an operation graph asks for: y = convolution of x, or of ReLU(x), with w. */
#ifndef TESTS_DOUBLE_CUDNN_GRAPH_H
#define TESTS_DOUBLE_CUDNN_GRAPH_H

#include "cudnn_calls.h"
#include "cudnn_tensors.h"

/* By height and width. */
enum { DOUBLE_CUDNN_AXES = 2 };

struct double_cudnn_problem {
    struct double_cudnn_tensor x, w, y;
    int64_t before[DOUBLE_CUDNN_AXES], behind[DOUBLE_CUDNN_AXES]; /* padding */
    int64_t step[DOUBLE_CUDNN_AXES], dilation[DOUBLE_CUDNN_AXES];
    cudnnDataType_t sums;
    bool flipped; /* a convolution proper */
    double alpha, beta;
    bool has_relu; /* or an identity, which is one that lets all pass */
    bool keeps_nan;
    double lower, upper, slope;
};

/* Of a graph that is finalised, or about to be. */
cudnnStatus_t double_cudnn_read_graph(const struct double_cudnn_descriptor *graph,
                                      struct double_cudnn_problem *problem);

#endif
