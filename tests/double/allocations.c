/* cudaMalloc, cudaFree and their brothers for pinned memory. */
#include <string.h>

#include "calls.h"
#include "device_memory.h"
#include "report.h"

static cudaError_t allocate(void **pointer, size_t bytes, bool pinned) {
    if (pointer == NULL)
        return cudaErrorInvalidValue;
    struct double_memory *memory = NULL;
    const cudaError_t error = double_memory_new(bytes, pinned, &memory);
    if (error != cudaSuccess)
        return error;
    if (memory != NULL && !pinned)
        double_memory_appear(memory);
    *pointer = memory == NULL ? NULL : memory->address;
    return cudaSuccess;
}

/* The documentation promises no synchronisation, of cudaFree only that there may be one. So there
 * is none. */
static cudaError_t release(void *pointer, bool pinned) {
    if (pointer == NULL)
        return cudaSuccess;
    struct double_memory *memory = double_memory_to_free(pointer, pinned);
    if (memory == NULL)
        return cudaErrorInvalidValue;
    const struct double_operation *user = double_waiting(double_memory_span(memory), NULL);
    const char *call = double_call_name();
    if (user != NULL)
        double_mistake("%s: memory that %s is still to use", call, user->work->call);
    if (memory->allocation != NULL && !memory->allocation->done)
        double_mistake("%s: memory that is not allocated yet: nothing waited for that", call);
    double_memory_drop(memory);
    double_memory_give_back(memory);
    return cudaSuccess;
}

static cudaError_t release_call(const char *call, void *pointer, bool pinned) {
    cudaError_t error = double_enter(call, DOUBLE_UNSAFE);
    if (error == cudaSuccess)
        error = release(pointer, pinned);
    else
        double_memory_abandon(pointer);
    return double_leave(error);
}

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
    DOUBLE_CALL(DOUBLE_UNSAFE, allocate(pointer, bytes, false));
}

cudaError_t cudaFree(void *pointer) {
    return release_call(__func__, pointer, false);
}

cudaError_t cudaMallocHost(void **pointer, size_t bytes) {
    DOUBLE_CALL(DOUBLE_UNSAFE, allocate(pointer, bytes, true));
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned flags) {
    const unsigned known =
        cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined;
    DOUBLE_CALL(DOUBLE_UNSAFE,
                (flags & ~known) != 0 ? cudaErrorInvalidValue : allocate(pointer, bytes, true));
}

cudaError_t cudaFreeHost(void *pointer) {
    return release_call(__func__, pointer, true);
}

static cudaError_t get_attributes(struct cudaPointerAttributes *attributes, const void *pointer) {
    if (attributes == NULL)
        return cudaErrorInvalidValue;
    const struct double_memory *memory = double_memory_find(pointer);
    *attributes = (struct cudaPointerAttributes){
        .type = cudaMemoryTypeUnregistered,
        .device = cudaInvalidDeviceId,
    };
    memcpy(&attributes->hostPointer, &pointer, sizeof pointer); /* it has no const */
    if (memory == NULL || memory->object.gone)
        return cudaSuccess;
    attributes->device = memory->device;
    attributes->devicePointer = attributes->hostPointer;
    attributes->type = memory->pinned ? cudaMemoryTypeHost : cudaMemoryTypeDevice;
    if (!memory->pinned)
        attributes->hostPointer = NULL;
    return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes,
                                     const void *pointer) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_attributes(attributes, pointer));
}
