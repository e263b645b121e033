/* cuDNN as a library: handles, versions, words for statuses, and the functions by name. */
#include "cudnn_double.h"

#include <stdio.h>
#include <string.h>

#include "allocate.h"
#include "cudnn_engines.h"
#include "streams.h"

/* ---- Handles ---- */

static cudnnStatus_t create(cudnnHandle_t *out) {
    if (out == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no place for it");
    struct cudnnContext *handle = double_new(sizeof *handle);
    handle->object.forget = free;
    handle->device = double_current_device();
    double_object_add(&handle->object, DOUBLE_CUDNN_HANDLE);
    *out = handle;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle) {
    CUDNN_CALL(DOUBLE_UNSAFE, create(handle));
}

static cudnnStatus_t destroy(cudnnHandle_t handle) {
    if (handle == NULL)
        return CUDNN_STATUS_SUCCESS;
    if (!double_cudnn_is_handle(handle))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no handle");
    double_object_give_back(&handle->object);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    const cudaError_t error = double_enter(__func__, DOUBLE_UNSAFE);
    const cudnnStatus_t status =
        error == cudaSuccess ? destroy(handle) : double_cudnn_status_of(error);
    if (error != cudaSuccess)
        double_object_abandon(handle, DOUBLE_CUDNN_HANDLE);
    (void)double_leave(cudaSuccess);
    return status;
}

static cudnnStatus_t set_stream(cudnnHandle_t handle, cudaStream_t stream) {
    struct CUstream_st *found = NULL;
    if (!double_cudnn_is_handle(handle) || double_stream(stream, &found) != cudaSuccess)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no handle, or no stream");
    if (found->device != handle->device)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH,
                                   "a stream of device %d for a handle of device %d",
                                   found->device, handle->device);
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    CUDNN_CALL(DOUBLE_DEVICE, set_stream(handle, stream));
}

/* ---- Versions ---- */

size_t cudnnGetVersion(void) {
    double_lock();
    const size_t version = double_cudnn_version();
    double_unlock();
    return version;
}

cudnnStatus_t cudnnGetProperty(libraryPropertyType type, int *value) {
    const int version = (int)cudnnGetVersion();
    const int parts[] = {version / 10000, version / 100 % 100, version % 100};
    if (value == NULL || (unsigned)type > PATCH_LEVEL)
        return CUDNN_STATUS_BAD_PARAM;
    *value = parts[type];
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Words ---- */

const char *cudnnGetErrorString(cudnnStatus_t status) {
#define WORD(name)     \
    case CUDNN_##name: \
        return "CUDNN_" #name
    switch ((int)status) {
        WORD(STATUS_SUCCESS);
        WORD(STATUS_NOT_INITIALIZED);
        WORD(STATUS_BAD_PARAM);
        WORD(STATUS_BAD_PARAM_NULL_POINTER);
        WORD(STATUS_BAD_PARAM_NOT_FINALIZED);
        WORD(STATUS_BAD_PARAM_STREAM_MISMATCH);
        WORD(STATUS_BAD_PARAM_DUPLICATED_ENTRIES);
        WORD(STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
        WORD(STATUS_BAD_PARAM_DESCRIPTOR_TYPE);
        WORD(STATUS_NOT_SUPPORTED);
        WORD(STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
        WORD(STATUS_NOT_SUPPORTED_SHAPE);
        WORD(STATUS_NOT_SUPPORTED_DATA_TYPE);
        WORD(STATUS_NOT_SUPPORTED_LAYOUT);
        WORD(STATUS_NOT_SUPPORTED_SHARED_MEMORY_INSUFFICIENT);
        WORD(STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
        WORD(STATUS_EXECUTION_FAILED);
        WORD(STATUS_EXECUTION_FAILED_CUDART);
    default:
        return "another status";
    }
#undef WORD
}

/* They are told once. */
void cudnnGetLastErrorString(char *message, size_t most) {
    if (message != NULL && most > 0)
        (void)snprintf(message, most, "%s", double_cudnn_last_words());
    (void)double_cudnn_refuse(CUDNN_STATUS_SUCCESS, "%s", "");
}

/* ---- As a library ---- */

void (*cudnn_double_function(const char *name))(void) {
#define FUNCTION(function) \
    { #function, (void (*)(void))(function) }
    static const struct {
        const char *name;
        void (*function)(void);
    } functions[] = {
        FUNCTION(cudnnCreate),
        FUNCTION(cudnnDestroy),
        FUNCTION(cudnnSetStream),
        FUNCTION(cudnnGetVersion),
        FUNCTION(cudnnGetProperty),
        FUNCTION(cudnnGetErrorString),
        FUNCTION(cudnnGetLastErrorString),
        FUNCTION(cudnnBackendCreateDescriptor),
        FUNCTION(cudnnBackendDestroyDescriptor),
        FUNCTION(cudnnBackendSetAttribute),
        FUNCTION(cudnnBackendGetAttribute),
        FUNCTION(cudnnBackendFinalize),
        FUNCTION(cudnnBackendExecute),
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
}
