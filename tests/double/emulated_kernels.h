/* A kernel that the emulator runs. */
#ifndef TESTS_DOUBLE_EMULATED_KERNELS_H
#define TESTS_DOUBLE_EMULATED_KERNELS_H

#include "cuda_double.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Enqueues y[i] = 2 x[i] + 1 for n of them, in blocks of 32. */
void launch_emulated(int *y, const int *x, int n, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
