/* A kernel that shows whether this build has code for a device. C can call it. */
#ifndef DENSEBLOCK_CUDA_ANSWER_H
#define DENSEBLOCK_CUDA_ANSWER_H

#include <cuda_runtime_api.h>

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What CUDA says when asked for the kernel's code on the current device: cudaSuccess, or
 * cudaErrorNoKernelImageForDevice and the like. Nothing is launched.
 *
 *   capability   the compute capability (90 is 9.0) that the code was written for: less than the
 *                device's where the driver has compiled it for a newer one */
cudaError_t dblk_answer_code(int *capability);

/* Enqueues *answer = value, in device memory. */
denseblock_status dblk_answer(void *stream, int *answer, int value);

#ifdef __cplusplus
}
#endif

#endif
