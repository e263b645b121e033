/* How the cublas backend computes a layer of either kind: parts of prepare_layer and forward_layer of
 * struct dblk_backend. */
#ifndef DENSEBLOCK_HOST_CUBLAS_LAYERS_H
#define DENSEBLOCK_HOST_CUBLAS_LAYERS_H

#include "backends/cublas/cublas_handle.h"
#include "block/context.h"

/* Where a region's features and outputs lie, and where everything else. */
struct dblk_cublas_call {
    denseblock_context *context;
    const denseblock_plan *plan;
    const struct dblk_cublas_handle *handle;
    int64_t l;
    const struct dblk_region *region; /* whole images */
    const char *prepared;
    const struct dblk_tensors *tensors;
    char *workspace;
};

/* The pixels, a slice at a time, become the rows of a matrix, after the ReLU; its product with the
 * kernel is written straight into the outputs, or added to them. */
denseblock_status dblk_cublas_direct_forward(const struct dblk_cublas_call *call);

/* Products of the kept transforms, then the output transform into the outputs. */
denseblock_status dblk_cublas_winograd_forward(const struct dblk_cublas_call *call);

/* The same call, to what is shared. */
struct dblk_winograd_call dblk_cublas_winograd_call(const struct dblk_cublas_call *call);

/* Transforms the layer's part of the outer weights, and its inner weights. */
denseblock_status dblk_cublas_winograd_prepare(void *stream, const denseblock_plan *plan,
                                               int64_t l, const void *kernel, void *prepared);

#endif
