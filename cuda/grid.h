/* Kernels whose threads go through elements in strides of the whole grid: any number of elements. */
#ifndef DENSEBLOCK_CUDA_GRID_H
#define DENSEBLOCK_CUDA_GRID_H

#include <stdint.h>

#include "kernel_language.h"

enum { DBLK_GRID_BLOCK = 256 };

/* Blocks for so many threads, of which there are 1 or more; no more than keep every GPU busy. */
static inline unsigned dblk_grid_blocks(int64_t threads) {
    const int64_t blocks = (threads - 1) / DBLK_GRID_BLOCK + 1;
    return static_cast<unsigned>(blocks < 8192 ? blocks : 8192);
}

__device__ __forceinline__ int64_t dblk_grid_thread(void) {
    return static_cast<int64_t>(blockIdx.x) * DBLK_GRID_BLOCK + threadIdx.x;
}

__device__ __forceinline__ int64_t dblk_grid_threads(void) {
    return static_cast<int64_t>(gridDim.x) * DBLK_GRID_BLOCK;
}

/* A walk through pairs (outer, inner), where inner < inners, in the order of outer * inners + inner:
 * as the indices of a loop in strides of the grid, but divided only once. */
struct dblk_grid_walk {
    int64_t outer, inner;
    int64_t outer_step, inner_step, inners;

    __device__ explicit dblk_grid_walk(int64_t inner_count)
        : outer(dblk_grid_thread() / inner_count), inner(dblk_grid_thread() % inner_count),
          outer_step(dblk_grid_threads() / inner_count),
          inner_step(dblk_grid_threads() % inner_count), inners(inner_count) {
    }

    __device__ void advance() {
        outer += outer_step;
        inner += inner_step;
        if (inner >= inners) {
            inner -= inners;
            outer++;
        }
    }
};

#endif
