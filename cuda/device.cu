#include "device.h"

#include <cuda_runtime.h>
#include <string.h>

/* Runs wherever this build has code for the device: compiled for the same architectures as every
 * other kernel. */
__global__ void answer_kernel(int *answer, int value) {
    *answer = value;
}

/* True if answer_kernel ran and wrote what it should. Errors are cleared: they mean "no". */
static bool device_answers(void) {
    enum { VALUE = 0x0DB0 };
    int *answer = NULL;
    int copied = 0;
    if (cudaMalloc(&answer, sizeof *answer) == cudaSuccess) {
        answer_kernel<<<1, 1>>>(answer, VALUE);
        if (cudaGetLastError() == cudaSuccess)
            (void)cudaMemcpy(&copied, answer, sizeof copied, cudaMemcpyDeviceToHost);
        (void)cudaFree(answer);
    }
    (void)cudaGetLastError();
    return copied == VALUE;
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

denseblock_status dblk_cuda_device_describe(int device, denseblock_device *info,
                                            const char **problem) {
    cudaDeviceProp properties;
    int previous = 0;
    cudaError_t error = cudaGetDevice(&previous);
    if (error == cudaSuccess)
        error = cudaGetDeviceProperties(&properties, device);
    if (error == cudaSuccess)
        error = cudaSetDevice(device);
    if (error != cudaSuccess)
        return check(error, problem);
    strncpy(info->name, properties.name, sizeof info->name - 1);
    info->name[sizeof info->name - 1] = 0;
    info->compute_capability = properties.major * 10 + properties.minor;
    info->multiprocessors = properties.multiProcessorCount;
    info->memory_bytes = properties.totalGlobalMem;
    info->l2_bytes = (size_t)properties.l2CacheSize;
    info->usable = device_answers();
    return check(cudaSetDevice(previous), problem);
}
