/* What all functions of cuDNN's double do, and its handles. */
#ifndef TESTS_DOUBLE_CUDNN_CALLS_H
#define TESTS_DOUBLE_CUDNN_CALLS_H

#include <cudnn.h>

#include "calls.h"
#include "objects.h"

struct cudnnContext {
    struct double_object object;
    int device;
    cudaStream_t stream; /* NULL until one is set: the legacy one */
};

/* Whether it is a live one; a mistake where not. */
bool double_cudnn_is_handle(cudnnHandle_t handle);

cudnnStatus_t double_cudnn_status_of(cudaError_t error);

/* Keeps the words for cudnnGetLastErrorString, and returns the status. */
cudnnStatus_t double_cudnn_refuse(cudnnStatus_t status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *double_cudnn_last_words(void);

/* cuDNN has a CUDA runtime of its own: the last error of ours is not touched. */
#define CUDNN_CALL(need, action)                                                       \
    do {                                                                               \
        const cudaError_t call_error = double_enter(__func__, need);                   \
        const cudnnStatus_t call_status =                                              \
            call_error == cudaSuccess ? (action) : double_cudnn_status_of(call_error); \
        (void)double_leave(cudaSuccess);                                               \
        return call_status;                                                            \
    } while (0)

#endif
