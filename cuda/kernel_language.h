/* What a kernel's source is written in: CUDA C++, with the few words below for what nvcc and the
 * emulator of tests/emulator, which compiles the same source for the CPU, say differently. Every
 * .cu file that has a kernel includes this first.
 *
 *   LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...)
 *       Enqueues a kernel. A template in parentheses: LAUNCH((kernel<2, 3>), ...).
 *   LAUNCH_DEPENDENT(dependent, kernel, ...)
 *       LAUNCH, and where `dependent` is true, which takes sm_90, the kernel may begin while the one
 *       before it in the stream, which must be a kernel, still runs: up to griddepcontrol_wait of
 *       ptx.h, which every one of its threads calls. That one may itself have been launched so: it has
 *       waited too, and everything before has ended.
 *       Ahead of the wait a kernel reads only what no kernel since the last ordinary launch writes.
 *       An ordinary launch waits for everything before it, and so do all that are behind it.
 *       Streams are captured with it into graphs whose edges say the same, since CUDA 12.3.
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

/* What it returns is also CUDA's last error, as that of <<<>>> is. */
template <typename... P, typename... A>
static inline void dblk_launch_dependent(bool dependent, void (*kernel)(P...), dim3 grid,
                                         dim3 block, size_t shared_bytes, cudaStream_t stream,
                                         A... arguments) {
    cudaLaunchAttribute overlap = {};
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    config.attrs = &overlap;
    config.numAttrs = dependent ? 1 : 0;
    (void)cudaLaunchKernelEx(&config, kernel, static_cast<P>(arguments)...);
}

#define LAUNCH_DEPENDENT(dependent, kernel, ...) \
    dblk_launch_dependent((dependent), (kernel), __VA_ARGS__)

#define SHARED_MEMORY(TYPE, name)                                       \
    extern __shared__ __align__(16) unsigned char dblk_shared_memory[]; \
    TYPE &name = *reinterpret_cast<TYPE *>(dblk_shared_memory)

#endif
#endif
