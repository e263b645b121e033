/* What a kernel's source is written in: CUDA C++, with the few words below for what nvcc and the
 * emulator of tests/emulator, which compiles the same source for the CPU, say differently. Every
 * .cu file that has a kernel includes this first.
 *
 *   LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...)
 *       Enqueues a kernel. A template in parentheses: LAUNCH((kernel<2, 3>), ...).
 *   SHARED_MEMORY(type, name)
 *       `name` is the block's dynamic shared memory, seen as a struct. There is no other: the
 *       emulator watches its bounds.
 *
 * Instructions that CUDA C++ has no function for are in ptx.h. */
#ifndef DENSEBLOCK_CUDA_KERNEL_LANGUAGE_H
#define DENSEBLOCK_CUDA_KERNEL_LANGUAGE_H

#ifdef DENSEBLOCK_EMULATED
#include "emulated_language.h"
#else

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
    kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__)

#define SHARED_MEMORY(TYPE, name)                                       \
    extern __shared__ __align__(16) unsigned char dblk_shared_memory[]; \
    TYPE &name = *reinterpret_cast<TYPE *>(dblk_shared_memory)

#endif
#endif
