/* What a context of the cublas backend has: a handle, and the products that it computes. */
#ifndef DENSEBLOCK_HOST_CUBLAS_HANDLE_H
#define DENSEBLOCK_HOST_CUBLAS_HANDLE_H

#include "backends/cublas/cublas_library.h"
#include "backends/cublas/cublas_plan.h"

struct dblk_cublas_handle {
    struct dblk_cublas cublas;
    cublasHandle_t handle; /* NULL: none */
};

/* With a handle for the stream, on the current device. After an error there is nothing to close.
 * DENSEBLOCK_UNAVAILABLE, DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_DEVICE_FAILED */
denseblock_status dblk_cublas_handle_open(struct dblk_cublas_handle *handle, void *stream);
void dblk_cublas_handle_close(struct dblk_cublas_handle *handle);

/* What cuBLAS computes in comes from the caller, so that a product allocates nothing and a graph can
 * hold it: the end of the plan's workspace. */
denseblock_status dblk_cublas_set_workspace(const struct dblk_cublas_handle *handle,
                                            const denseblock_plan *plan, void *workspace);

/* c = a * b, or c += a * b, of matrices row by row: a[rows][inner], b[inner][columns],
 * c[rows][columns], with strides from row to row; `batch` of them, `_step` elements apart. */
struct dblk_cublas_product {
    int64_t rows, inner, columns;
    const void *a, *b; /* of the plan's type */
    void *c;
    denseblock_type c_type; /* the plan's, or that of its sums */
    int64_t a_stride, b_stride, c_stride;
    int batch;
    int64_t a_step, b_step, c_step;
    bool add;
};
denseblock_status dblk_cublas_multiply(const struct dblk_cublas_handle *handle,
                                       const denseblock_plan *plan,
                                       const struct dblk_cublas_product *product);

#endif
