#include "device.h"

#include <cuda_runtime.h>
#include <string.h>

/* Runs wherever this build has code for the device: compiled for the same architectures as every
 * other kernel. */
__global__ void answer_kernel(int *answer, int value) {
    *answer = value;
}

/* NULL if answer_kernel ran on the current device and wrote what it should; else why not. */
static const char *try_kernel(void) {
    enum { VALUE = 0x0DB0 };
    int *answer = NULL;
    int copied = 0;
    cudaError_t error = cudaMalloc(&answer, sizeof *answer);
    if (error == cudaSuccess) {
        answer_kernel<<<1, 1>>>(answer, VALUE);
        error = cudaGetLastError();
    }
    if (error == cudaSuccess)
        error = cudaMemcpy(&copied, answer, sizeof copied, cudaMemcpyDeviceToHost);
    const cudaError_t freed = cudaFree(answer);
    if (error == cudaSuccess)
        error = freed;
    (void)cudaGetLastError(); /* it stays until it is read */
    if (error != cudaSuccess)
        return cudaGetErrorString(error);
    return copied == VALUE ? NULL : "a kernel wrote a wrong value";
}

int dblk_cuda_runtime_version(void) {
    int version = 0;
    return cudaRuntimeGetVersion(&version) == cudaSuccess ? version : 0;
}

int dblk_cuda_driver_version(void) {
    int version = 0;
    return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

int dblk_cuda_device_count(const char **problem) {
    int count = 0;
    const cudaError_t error = cudaGetDeviceCount(&count);
    (void)cudaGetLastError(); /* it stays until it is read */
    *problem = cudaGetErrorString(error == cudaSuccess ? cudaErrorNoDevice : error);
    return error == cudaSuccess ? count : 0;
}

static denseblock_status check(cudaError_t error, const char **problem) {
    if (error == cudaSuccess)
        return DENSEBLOCK_OK;
    (void)cudaGetLastError();
    *problem = cudaGetErrorString(error);
    return DENSEBLOCK_DEVICE_FAILED;
}

static void copy_text(char *out, size_t capacity, const char *text) {
    strncpy(out, text, capacity - 1);
    out[capacity - 1] = 0;
}

/* `device` is the current one. */
static cudaError_t describe_current(int device, denseblock_device *info) {
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceProperties(&properties, device);
    if (error != cudaSuccess)
        return error;
    copy_text(info->name, sizeof info->name, properties.name);
    info->compute_capability = properties.major * 10 + properties.minor;
    info->multiprocessors = properties.multiProcessorCount;
    info->memory_bytes = properties.totalGlobalMem;
    info->l2_bytes = (size_t)properties.l2CacheSize;
    const char *problem = try_kernel();
    info->usable = problem == NULL;
    copy_text(info->problem, sizeof info->problem, problem == NULL ? "" : problem);
    return cudaSuccess;
}

denseblock_status dblk_cuda_device_describe(int device, denseblock_device *info,
                                            const char **problem) {
    int previous = 0;
    cudaError_t error = cudaGetDevice(&previous);
    if (error != cudaSuccess)
        return check(error, problem);
    error = cudaSetDevice(device);
    if (error == cudaSuccess)
        error = describe_current(device, info);
    const cudaError_t restored = cudaSetDevice(previous);
    return check(error == cudaSuccess ? restored : error, problem);
}
