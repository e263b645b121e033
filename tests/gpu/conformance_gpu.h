/* The GPU that the conformance tests use. Included by each of those that run there, once. */
#ifndef TESTS_GPU_CONFORMANCE_GPU_H
#define TESTS_GPU_CONFORMANCE_GPU_H

#include "kernel_language.h"

#include <stdio.h>

static char gpu_name[512];

/* The first one's properties, and its name with its architecture. NULL, or why there is none. */
static const char *first_gpu(struct cudaDeviceProp *properties) {
    int count = 0, driver = 0;
    (void)cudaDriverGetVersion(&driver);
    if (driver == 0)
        return "this machine has no NVIDIA driver";
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count == 0)
        error = cudaErrorNoDevice;
    if (error == cudaSuccess)
        error = cudaGetDeviceProperties(properties, 0);
    if (error != cudaSuccess)
        return cudaGetErrorString(error);
    (void)snprintf(gpu_name, sizeof gpu_name, "%s (sm_%d%d)", properties->name, properties->major,
                   properties->minor);
    return NULL;
}

#endif
