/* cuBLAS: handles, and the functions as a library has them. */
#include "cublas_double.h"

#include <string.h>

#include "allocate.h"
#include "calls.h"
#include "cublas_handle.h"
#include "library_arguments.h"
#include "streams.h"

enum { WORKSPACE_ALIGNMENT = 256 };

/* ---- What all functions do ---- */

cublasStatus_t double_cublas_status(cudaError_t error) {
    switch (error) {
    case cudaSuccess:
        return CUBLAS_STATUS_SUCCESS;
    case cudaErrorMemoryAllocation:
        return CUBLAS_STATUS_ALLOC_FAILED;
    case cudaErrorInvalidValue:
        return CUBLAS_STATUS_INVALID_VALUE;
    case cudaErrorInitializationError:
    case cudaErrorNoDevice:
        return CUBLAS_STATUS_NOT_INITIALIZED;
    default:
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
}

/* cuBLAS has a CUDA runtime of its own: the last error of ours is not touched. */
#define CUBLAS_CALL(need, action)                                                    \
    do {                                                                             \
        const cudaError_t call_error = double_enter(__func__, need);                 \
        const cublasStatus_t call_status =                                           \
            call_error == cudaSuccess ? (action) : double_cublas_status(call_error); \
        (void)double_leave(cudaSuccess);                                             \
        return call_status;                                                          \
    } while (0)

bool double_cublas_is_handle(cublasHandle_t handle) {
    return double_object_is(handle, DOUBLE_CUBLAS_HANDLE, true);
}

/* ---- Handles ---- */

static cublasStatus_t create(cublasHandle_t *out) {
    if (out == NULL)
        return CUBLAS_STATUS_INVALID_VALUE;
    struct cublasContext *handle = double_new(sizeof *handle);
    handle->object.forget = free;
    handle->device = double_current_device();
    double_object_add(&handle->object, DOUBLE_CUBLAS_HANDLE);
    *out = handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
    CUBLAS_CALL(DOUBLE_UNSAFE, create(handle));
}

static cublasStatus_t destroy(cublasHandle_t handle) {
    if (!double_cublas_is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    double_object_give_back(&handle->object);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    const cudaError_t error = double_enter(__func__, DOUBLE_UNSAFE);
    const cublasStatus_t status =
        error == cudaSuccess ? destroy(handle) : double_cublas_status(error);
    if (error != cudaSuccess)
        double_object_abandon(handle, DOUBLE_CUBLAS_HANDLE);
    (void)double_leave(cudaSuccess);
    return status;
}

static cublasStatus_t set_stream(cublasHandle_t handle, cudaStream_t stream) {
    struct CUstream_st *found = NULL;
    if (!double_cublas_is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (double_stream(stream, &found) != cudaSuccess)
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->stream = stream;
    handle->has_workspace = false;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_stream(handle, stream));
}

static cublasStatus_t set_workspace(cublasHandle_t handle, void *workspace, size_t bytes) {
    const struct double_span span = {workspace, bytes};
    if (!double_cublas_is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if ((uintptr_t)workspace % WORKSPACE_ALIGNMENT != 0)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (bytes > 0 && !double_is_on_device(span))
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->workspace = span;
    handle->scratch = workspace;
    handle->has_workspace = true;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t bytes) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_workspace(handle, workspace, bytes));
}

static cublasStatus_t set_pointer_mode(cublasHandle_t handle, cublasPointerMode_t mode) {
    if (!double_cublas_is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (mode != CUBLAS_POINTER_MODE_HOST && mode != CUBLAS_POINTER_MODE_DEVICE)
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->pointer_mode = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_pointer_mode(handle, mode));
}

static cublasStatus_t set_math_mode(cublasHandle_t handle, cublasMath_t mode) {
    const unsigned base =
        (unsigned)mode & ~(unsigned)CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    if (!double_cublas_is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (base > CUBLAS_TF32_TENSOR_OP_MATH)
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->math_mode = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_math_mode(handle, mode));
}

static int other_major; /* 0: the header's */

void cublas_double_version(int major) {
    other_major = major;
}

cublasStatus_t cublasGetProperty(libraryPropertyType type, int *value) {
    const int parts[] = {other_major == 0 ? CUBLAS_VER_MAJOR : other_major, CUBLAS_VER_MINOR,
                         CUBLAS_VER_PATCH};
    if (value == NULL || (unsigned)type > PATCH_LEVEL)
        return CUBLAS_STATUS_INVALID_VALUE;
    *value = parts[type];
    return CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t status) {
    switch (status) {
    case CUBLAS_STATUS_SUCCESS:
        return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
        return "the library was not initialized";
    case CUBLAS_STATUS_ALLOC_FAILED:
        return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "an invalid value was used as input";
    case CUBLAS_STATUS_EXECUTION_FAILED:
        return "the function failed to launch on the GPU";
    case CUBLAS_STATUS_NOT_SUPPORTED:
        return "the functionality is not supported";
    default:
        return "unknown error";
    }
}

/* ---- As a library ---- */

void (*cublas_double_function(const char *name))(void) {
#define FUNCTION(function) \
    { #function, (void (*)(void))(function) }
    static const struct {
        const char *name;
        void (*function)(void);
    } functions[] = {
        FUNCTION(cublasCreate_v2),
        FUNCTION(cublasDestroy_v2),
        FUNCTION(cublasSetStream_v2),
        FUNCTION(cublasSetWorkspace_v2),
        FUNCTION(cublasSetPointerMode_v2),
        FUNCTION(cublasSetMathMode),
        FUNCTION(cublasGemmEx),
        FUNCTION(cublasGemmStridedBatchedEx),
        FUNCTION(cublasGetStatusString),
        FUNCTION(cublasGetProperty),
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
}
