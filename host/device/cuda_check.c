#include "cuda_check.h"

#include "status/fail.h"

/* What the user can do about it decides. */
static denseblock_status status_of(cudaError_t error) {
    switch (error) {
    case cudaErrorMemoryAllocation:
        return DENSEBLOCK_OUT_OF_MEMORY;
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorUnsupportedPtxVersion:
    case cudaErrorDevicesUnavailable:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
        return DENSEBLOCK_UNAVAILABLE;
    default:
        return DENSEBLOCK_DEVICE_FAILED;
    }
}

denseblock_status dblk_cuda_check(cudaError_t error, const char *what) {
    if (error == cudaSuccess)
        return DENSEBLOCK_OK;
    (void)cudaGetLastError();
    return dblk_fail(status_of(error), "%s failed: %s (%s)", what, cudaGetErrorString(error),
                     cudaGetErrorName(error));
}

denseblock_status dblk_launch_check(const char *kernel) {
    const cudaError_t error = cudaGetLastError();
    if (error == cudaSuccess)
        return DENSEBLOCK_OK;
    return dblk_fail(status_of(error), "the kernel %s could not be launched: %s (%s)", kernel,
                     cudaGetErrorString(error), cudaGetErrorName(error));
}
