/* What all functions of cuDNN's double do. */
#include "cudnn_calls.h"

#include <stdarg.h>
#include <stdio.h>

enum { WORDS = 256 };
static _Thread_local char words[WORDS];

bool double_cudnn_is_handle(cudnnHandle_t handle) {
    return double_object_is(handle, DOUBLE_CUDNN_HANDLE, true);
}

cudnnStatus_t double_cudnn_status_of(cudaError_t error) {
    switch (error) {
    case cudaSuccess:
        return CUDNN_STATUS_SUCCESS;
    case cudaErrorMemoryAllocation:
        return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    case cudaErrorInvalidValue:
        return CUDNN_STATUS_BAD_PARAM;
    case cudaErrorNotSupported:
        return CUDNN_STATUS_NOT_SUPPORTED;
    case cudaErrorInitializationError:
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
        return CUDNN_STATUS_NOT_INITIALIZED;
    default:
        return CUDNN_STATUS_EXECUTION_FAILED_CUDART;
    }
}

cudnnStatus_t double_cudnn_refuse(cudnnStatus_t status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    return status;
}

const char *double_cudnn_last_words(void) {
    return words;
}
