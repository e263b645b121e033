/* What a handle of the double of cuBLAS holds. */
#ifndef TESTS_DOUBLE_CUBLAS_HANDLE_H
#define TESTS_DOUBLE_CUBLAS_HANDLE_H

#include <cublas_v2.h>

#include "device_memory.h"

struct cublasContext {
    struct double_object object;
    int device;
    cudaStream_t stream;
    struct double_span workspace;
    char *scratch;      /* where it begins */
    bool has_workspace; /* the caller's: setting a stream takes it away */
    cublasPointerMode_t pointer_mode;
    cublasMath_t math_mode;
};

/* Otherwise a mistake. */
bool double_cublas_is_handle(cublasHandle_t handle);

cublasStatus_t double_cublas_status(cudaError_t error);

#endif
