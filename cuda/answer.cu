/* Runs wherever this build has code for the device: compiled for the same architectures as every
 * other kernel. */
#include "kernel_language.h"

#include "answer.h"
#include "cuda_check.h"

static __global__ void answer_kernel(int *answer, int value) {
    *answer = value;
}

cudaError_t dblk_answer_code(int *capability) {
    struct cudaFuncAttributes attributes = {};
    const cudaError_t error = cudaFuncGetAttributes(&attributes, (const void *)answer_kernel);
    *capability = attributes.ptxVersion;
    return error;
}

denseblock_status dblk_answer(void *stream, int *answer, int value) {
    LAUNCH(answer_kernel, 1, 1, 0, (cudaStream_t)stream, answer, value);
    return dblk_launch_check("answer");
}
