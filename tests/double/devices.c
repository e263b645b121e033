/* Devices and versions, as the machine has them. */
#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "capture.h"
#include "machine.h"
#include "operations.h"

/* Those of an H100, where a test cannot tell. */
enum { REGISTERS = 65536, WARP = 32 };
enum { GRID_X = 0x7FFFFFFF, GRID_YZ = 65535, BLOCK_Z = 64, ALIGNMENT = 512 };

static cudaError_t check(int device, const void *out) {
    if (device < 0 || device >= double_device_count())
        return cudaErrorInvalidDevice;
    return out == NULL ? cudaErrorInvalidValue : cudaSuccess;
}

static cudaError_t set_number(int *out, int value) {
    if (out == NULL)
        return cudaErrorInvalidValue;
    *out = value;
    return cudaSuccess;
}

/* Of the machine, which is only there once a call has begun. */
static int driver_version(void) {
    return double_machine.driver_version < 0 ? 0 : double_machine.driver_version;
}

cudaError_t cudaDriverGetVersion(int *version) {
    DOUBLE_CALL(DOUBLE_NOTHING, set_number(version, driver_version()));
}

cudaError_t cudaRuntimeGetVersion(int *version) {
    DOUBLE_CALL(DOUBLE_NOTHING, set_number(version, CUDART_VERSION));
}

cudaError_t cudaGetDeviceCount(int *count) {
    cudaError_t error = double_enter(__func__, DOUBLE_DRIVER);
    if (error == cudaSuccess)
        error = set_number(count, double_device_count());
    else if (count != NULL && double_device_count() == 0)
        *count = 0;
    return double_leave(error);
}

static cudaError_t set_device(int device) {
    if (device < 0 || device >= double_device_count())
        return cudaErrorInvalidDevice;
    double_set_current_device(device);
    return double_stuck();
}

cudaError_t cudaSetDevice(int device) {
    DOUBLE_CALL(DOUBLE_DRIVER, set_device(device));
}

cudaError_t cudaGetDevice(int *device) {
    DOUBLE_CALL(DOUBLE_DRIVER, set_number(device, double_current_device()));
}

static cudaError_t get_bus_id(char *id, int size, int device) {
    const cudaError_t error = check(device, id);
    if (error != cudaSuccess)
        return error;
    if (size < DOUBLE_BUS_ID_SIZE)
        return cudaErrorInvalidValue;
    double_bus_id(device, id);
    return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char *id, int size, int device) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_bus_id(id, size, device));
}

static cudaError_t synchronize(int device) {
    const cudaError_t error = double_capture_allows_device(device);
    return error == cudaSuccess ? double_run_device(device) : error;
}

cudaError_t cudaDeviceSynchronize(void) {
    DOUBLE_CALL(DOUBLE_UNSAFE, synchronize(double_current_device()));
}

static void describe(struct cudaDeviceProp *properties) {
    const struct double_limits *limits = double_limits();
    memset(properties, 0, sizeof *properties);
    (void)snprintf(properties->name, sizeof properties->name, "runtime double");
    properties->major = double_machine.compute_capability / 10;
    properties->minor = double_machine.compute_capability % 10;
    properties->totalGlobalMem = double_machine.memory_bytes;
    properties->multiProcessorCount = double_machine.multiprocessors;
    properties->l2CacheSize = (int)double_machine.l2_bytes;
    properties->warpSize = WARP;
    properties->regsPerBlock = REGISTERS;
    properties->regsPerMultiprocessor = REGISTERS;
    properties->sharedMemPerBlock = DOUBLE_SHARED_BYTES;
    properties->sharedMemPerBlockOptin = (size_t)limits->block_shared_kilobytes * 1024;
    properties->sharedMemPerMultiprocessor = (size_t)limits->shared_kilobytes * 1024;
    properties->reservedSharedMemPerBlock = 1024;
    properties->maxThreadsPerBlock = DOUBLE_BLOCK_THREADS;
    properties->maxThreadsPerMultiProcessor = limits->threads;
    properties->maxBlocksPerMultiProcessor = limits->blocks;
    properties->maxThreadsDim[0] = properties->maxThreadsDim[1] = DOUBLE_BLOCK_THREADS;
    properties->maxThreadsDim[2] = BLOCK_Z;
    properties->maxGridSize[0] = GRID_X;
    properties->maxGridSize[1] = properties->maxGridSize[2] = GRID_YZ;
    properties->memPitch = GRID_X;
    properties->totalConstMem = 65536;
    properties->textureAlignment = ALIGNMENT;
    properties->texturePitchAlignment = WARP;
    properties->surfaceAlignment = ALIGNMENT;
    properties->concurrentKernels = 1;
    properties->asyncEngineCount = 3;
    properties->unifiedAddressing = 1;
    properties->canMapHostMemory = 1;
    properties->streamPrioritiesSupported = 1;
    properties->globalL1CacheSupported = 1;
    properties->localL1CacheSupported = 1;
    properties->memoryPoolsSupported = double_machine.no_pools ? 0 : 1;
}

static cudaError_t get_properties(struct cudaDeviceProp *properties, int device) {
    const cudaError_t error = check(device, properties);
    if (error == cudaSuccess)
        describe(properties);
    return error;
}

/* Its real name has "_v2" behind it before CUDA 13, which __func__ would tell. */
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device) {
    cudaError_t error = double_enter("cudaGetDeviceProperties", DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = get_properties(properties, device);
    return double_leave(error);
}

static cudaError_t get_attribute(int *value, enum cudaDeviceAttr attribute, int device) {
    const cudaError_t error = check(device, value);
    if (error != cudaSuccess)
        return error;
    struct cudaDeviceProp is;
    describe(&is);
    const struct {
        enum cudaDeviceAttr attribute;
        int value;
    } table[] = {
        {cudaDevAttrMaxThreadsPerBlock, is.maxThreadsPerBlock},
        {cudaDevAttrMaxBlockDimX, is.maxThreadsDim[0]},
        {cudaDevAttrMaxBlockDimY, is.maxThreadsDim[1]},
        {cudaDevAttrMaxBlockDimZ, is.maxThreadsDim[2]},
        {cudaDevAttrMaxGridDimX, is.maxGridSize[0]},
        {cudaDevAttrMaxGridDimY, is.maxGridSize[1]},
        {cudaDevAttrMaxGridDimZ, is.maxGridSize[2]},
        {cudaDevAttrMaxSharedMemoryPerBlock, (int)is.sharedMemPerBlock},
        {cudaDevAttrMaxSharedMemoryPerBlockOptin, (int)is.sharedMemPerBlockOptin},
        {cudaDevAttrMaxSharedMemoryPerMultiprocessor, (int)is.sharedMemPerMultiprocessor},
        {cudaDevAttrReservedSharedMemoryPerBlock, (int)is.reservedSharedMemPerBlock},
        {cudaDevAttrWarpSize, is.warpSize},
        {cudaDevAttrMaxRegistersPerBlock, is.regsPerBlock},
        {cudaDevAttrMaxRegistersPerMultiprocessor, is.regsPerMultiprocessor},
        {cudaDevAttrMultiProcessorCount, is.multiProcessorCount},
        {cudaDevAttrMaxThreadsPerMultiProcessor, is.maxThreadsPerMultiProcessor},
        {cudaDevAttrMaxBlocksPerMultiprocessor, is.maxBlocksPerMultiProcessor},
        {cudaDevAttrL2CacheSize, is.l2CacheSize},
        {cudaDevAttrComputeCapabilityMajor, is.major},
        {cudaDevAttrComputeCapabilityMinor, is.minor},
        {cudaDevAttrConcurrentKernels, is.concurrentKernels},
        {cudaDevAttrAsyncEngineCount, is.asyncEngineCount},
        {cudaDevAttrUnifiedAddressing, is.unifiedAddressing},
        {cudaDevAttrCanMapHostMemory, is.canMapHostMemory},
        {cudaDevAttrStreamPrioritiesSupported, is.streamPrioritiesSupported},
        {cudaDevAttrMemoryPoolsSupported, is.memoryPoolsSupported},
        {cudaDevAttrComputeMode, 0},
        {cudaDevAttrIntegrated, 0},
        {cudaDevAttrClockRate, 1000000}, /* kHz; as slow as a round number is */
        {cudaDevAttrMemoryClockRate, 1000 * double_machine.memory_megahertz},
        {cudaDevAttrGlobalMemoryBusWidth, 5120},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].attribute == attribute)
            return set_number(value, table[i].value);
    return cudaErrorNotSupported;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_attribute(value, attribute, device));
}
