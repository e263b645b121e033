/* A program that does with the runtime what its arguments say, in turn, and prints the first
 * error's number: for the suite of the environment. */
#include <stdio.h>
#include <string.h>

#include "cuda_double.h"

static cudaError_t do_step(const char *step) {
    void *memory = NULL;
    int count = 0;
    char host[4];
    cudaError_t error = cudaErrorUnknown;
    if (strcmp(step, "leak") == 0)
        error = cudaMalloc(&memory, 100);
    else if (strcmp(step, "unwritten") == 0 &&
             (error = cudaMalloc(&memory, sizeof host)) == cudaSuccess &&
             (error = cudaMemcpy(host, memory, sizeof host, cudaMemcpyDefault)) == cudaSuccess)
        error = cudaFree(memory);
    else if (strcmp(step, "pool") == 0 && (error = cudaMallocAsync(&memory, 1, 0)) == cudaSuccess)
        error = cudaFreeAsync(memory, 0);
    else if (strcmp(step, "count") == 0 && (error = cudaGetDeviceCount(&count)) == cudaSuccess)
        (void)printf("%d devices\n", count);
    return error;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const cudaError_t error = do_step(argv[i]);
        if (error != cudaSuccess) {
            (void)printf("%d\n", (int)error);
            return 3;
        }
    }
    (void)printf("ok\n");
    return 0;
}
