/* A kernel that the emulator runs. */
#include "kernel_language.h"

#include "emulated_kernels.h"

enum { THREADS = 32 };

__global__ void emulated_kernel(int *y, const int *x, int n) {
    const int i = (int)(blockIdx.x * THREADS + threadIdx.x);
    if (i < n)
        y[i] = 2 * x[i] + 1;
}

extern "C" void launch_emulated(int *y, const int *x, int n, cudaStream_t stream) {
    LAUNCH(emulated_kernel, (unsigned)((n + THREADS - 1) / THREADS), THREADS, 0, stream, y, x, n);
}
