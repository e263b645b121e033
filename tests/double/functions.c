/* Attributes of kernels, and how many blocks fit. */
#include "launches.h"

#include <stdlib.h>

#include "allocate.h"
#include "calls.h"
#include "machine.h"
#include "report.h"

/* Of an average kernel: a test cannot tell. */
enum { REGISTERS = 64 };

struct function {
    const void *address;
    int shared_bytes;
};
static struct function *functions; /* those with attributes */
static size_t count;

static int most_shared_bytes(void) {
    return double_limits()->block_shared_kilobytes * 1024;
}

size_t double_function_shared_bytes(const void *function) {
    for (size_t i = 0; i < count; i++)
        if (functions[i].address == function)
            return (size_t)functions[i].shared_bytes;
    return DOUBLE_SHARED_BYTES;
}

void double_forget_functions(void) {
    free(functions);
    functions = NULL;
    count = 0;
}

static cudaError_t check(const void *function) {
    if (function == NULL)
        return cudaErrorInvalidDeviceFunction;
    const bool has_code =
        !double_machine.no_image && double_current_device() >= double_machine.first_usable;
    return has_code ? cudaSuccess : cudaErrorNoKernelImageForDevice;
}

static void set_shared_bytes(const void *function, int bytes) {
    size_t place = 0;
    while (place < count && functions[place].address != function)
        place++;
    if (place == count)
        functions = double_grow(functions, ++count * sizeof *functions);
    functions[place] = (struct function){function, bytes};
}

static cudaError_t set_attribute(const void *function, enum cudaFuncAttribute attribute,
                                 int value) {
    const cudaError_t error = check(function);
    if (error != cudaSuccess)
        return error;
    if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout)
        return value >= -1 && value <= 100 ? cudaSuccess : cudaErrorInvalidValue;
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
        value > most_shared_bytes())
        return cudaErrorInvalidValue;
    set_shared_bytes(function, value);
    return cudaSuccess;
}

cudaError_t cudaFuncSetAttribute(const void *function, enum cudaFuncAttribute attribute,
                                 int value) {
    DOUBLE_CALL(DOUBLE_DEVICE, set_attribute(function, attribute, value));
}

static cudaError_t get_attributes(struct cudaFuncAttributes *attributes, const void *function) {
    const cudaError_t error = attributes == NULL ? cudaErrorInvalidValue : check(function);
    if (error != cudaSuccess)
        return error;
    const int capability = double_machine.compute_capability;
    const int code = double_machine.code_capability;
    *attributes = (struct cudaFuncAttributes){
        .maxThreadsPerBlock = DOUBLE_BLOCK_THREADS,
        .numRegs = REGISTERS,
        .ptxVersion = code != 0 ? code : capability,
        .binaryVersion = capability,
        .maxDynamicSharedSizeBytes = (int)double_function_shared_bytes(function),
        .preferredShmemCarveout = -1,
    };
    return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *function) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_attributes(attributes, function));
}

static int lesser(int a, int b) {
    return a < b ? a : b;
}

static cudaError_t occupancy(int *blocks, const void *function, int threads,
                             size_t shared_bytes) {
    const cudaError_t error =
        blocks == NULL || threads <= 0 ? cudaErrorInvalidValue : check(function);
    if (error != cudaSuccess)
        return error;
    const struct double_limits *limits = double_limits();
    const int warps = (threads + 31) / 32;
    /* Each block costs a kilobyte of its own. */
    const size_t per_block = shared_bytes + 1024;
    const size_t by_memory = (size_t)limits->shared_kilobytes * 1024 / per_block;
    *blocks = lesser(limits->blocks, limits->threads / 32 / warps);
    *blocks = lesser(*blocks, 65536 / (REGISTERS * 32 * warps));
    *blocks = lesser(*blocks, (int)by_memory);
    if (threads > DOUBLE_BLOCK_THREADS || shared_bytes > double_function_shared_bytes(function))
        *blocks = 0;
    return cudaSuccess;
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function,
                                                          int threads, size_t shared_bytes) {
    DOUBLE_CALL(DOUBLE_DEVICE, occupancy(blocks, function, threads, shared_bytes));
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *blocks, const void *function, int threads, size_t shared_bytes, unsigned flags) {
    (void)flags;
    DOUBLE_CALL(DOUBLE_DEVICE, occupancy(blocks, function, threads, shared_bytes));
}
