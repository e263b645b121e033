/* A layer's convolution as an operation graph of cuDNN. */
#ifndef DENSEBLOCK_HOST_CUDNN_GRAPH_H
#define DENSEBLOCK_HOST_CUDNN_GRAPH_H

#include "backends/cudnn/cudnn_descriptors.h"

/* From input [images,height,width,channels] and kernel [growth,kernel_height,kernel_width,channels]
 * to output [images,height,width,growth]. Input and output are views: from pixel to pixel there are
 * so many elements, and their addresses are multiples of so many bytes. */
struct dblk_cudnn_convolution {
    denseblock_type type;
    int64_t images, height, width;
    int64_t kernel_height, kernel_width, channels, growth;
    int64_t input_stride, input_alignment;
    int64_t output_stride, output_alignment;
    bool relu; /* of the input, in the same graph */
};

/* The tensors, as an execution names them. */
enum {
    DBLK_CUDNN_INPUT = 1,
    DBLK_CUDNN_KERNEL,
    DBLK_CUDNN_OUTPUT,
};

/* Returns the finalised graph. NULL for the handle is for who wants no more than the graph. */
cudnnBackendDescriptor_t dblk_cudnn_build_graph(struct dblk_cudnn_descriptors *set,
                                                cudnnHandle_t handle,
                                                const struct dblk_cudnn_convolution *convolution);

#endif
