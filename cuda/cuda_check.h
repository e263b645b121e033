/* How a CUDA error becomes a status with a message. */
#ifndef DENSEBLOCK_CUDA_CUDA_CHECK_H
#define DENSEBLOCK_CUDA_CUDA_CHECK_H

#include <cuda_runtime_api.h>

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* DENSEBLOCK_OK for cudaSuccess. Otherwise the message says what failed: `what` is the name of a
 * call or of a kernel. CUDA's last error, which would stay, is read. DENSEBLOCK_OUT_OF_MEMORY,
 * DENSEBLOCK_UNAVAILABLE, DENSEBLOCK_DEVICE_FAILED. */
denseblock_status dblk_cuda_check(cudaError_t error, const char *what);

/* The same for a launch: to be called right after LAUNCH. */
denseblock_status dblk_launch_check(const char *kernel);

#ifdef __cplusplus
}
#endif

#endif
