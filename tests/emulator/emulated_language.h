/* The language of kernels for g++: what kernel_language.h includes in place of CUDA's own when a
 * .cu file is compiled for the emulator. */
#ifndef TESTS_EMULATED_LANGUAGE_H
#define TESTS_EMULATED_LANGUAGE_H

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tuple>
#include <type_traits>

#include "emulated_access.h"
#include "emulated_device.h"
#include "emulated_math.h"
#include "emulator.h"

/* ---- Words ---- */

extern "C" {
extern const struct emulator_index threadIdx, blockIdx, blockDim, gridDim;
}
enum { warpSize = 32 };

#define __launch_bounds__(...)

/* Static shared memory has no bounds to watch. */
#undef __shared__
#define __shared__ shared_memory_is_there_only_through_SHARED_MEMORY

#define SHARED_MEMORY(TYPE, name)                                                   \
    static_assert(alignof(TYPE) <= 16, "shared memory begins at a multiple of 16"); \
    TYPE &name = *static_cast<TYPE *>(emulator_shared_memory())

/* The C library's are not instrumented. */
#define memcpy emulator_copy
#define memset emulator_fill

/* ---- Threads that wait for each other ---- */

/* Places in the source are told apart by a number that no two have. */
#define __syncthreads()            ((void)emulator_barrier(__COUNTER__, false))
#define __syncthreads_count(holds) ((int)emulator_barrier(__COUNTER__, (holds) != 0))
#define __syncthreads_or(holds)    ((int)(emulator_barrier(__COUNTER__, (holds) != 0) > 0))
#define __syncthreads_and(holds)   ((int)(emulator_barrier(__COUNTER__, !(holds)) == 0))
#define __syncwarp(...)            emulated_warp_barrier<__COUNTER__>(__VA_ARGS__)
#define __ballot_sync(mask, holds) emulator_ballot(__COUNTER__, (mask), (holds) != 0)
#define __any_sync(mask, holds)    ((int)(__ballot_sync(mask, holds) != 0))
#define __all_sync(mask, holds)    ((int)(__ballot_sync(mask, !(holds)) == 0))
#define __shfl_sync(mask, ...) \
    emulated_shuffle(EMULATOR_SHUFFLE_INDEX, __COUNTER__, mask, __VA_ARGS__)
#define __shfl_up_sync(mask, ...) \
    emulated_shuffle(EMULATOR_SHUFFLE_UP, __COUNTER__, mask, __VA_ARGS__)
#define __shfl_down_sync(mask, ...) \
    emulated_shuffle(EMULATOR_SHUFFLE_DOWN, __COUNTER__, mask, __VA_ARGS__)
#define __shfl_xor_sync(mask, ...) \
    emulated_shuffle(EMULATOR_SHUFFLE_XOR, __COUNTER__, mask, __VA_ARGS__)

template <int site> EMULATED_INLINE void emulated_warp_barrier(unsigned mask = ~0u) {
    emulator_warp_barrier(site, mask);
}

template <typename T>
EMULATED_INLINE T emulated_shuffle(enum emulator_shuffle how, int site, unsigned mask, T value,
                                   unsigned operand, unsigned width = 32) {
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    return emulated_value<T>(
        {emulator_shuffle(how, site, mask, emulated_bits(value).low, operand, width), 0});
}

/* Blocks run one after the other, and every access is made where it stands: fences order nothing
 * that was not in order. */
EMULATED_INLINE void __threadfence(void) {
}
EMULATED_INLINE void __threadfence_block(void) {
}

/* ---- Launches ---- */

#define LAUNCH(kernel, grid, block, shared_bytes, stream, ...) \
    LAUNCH_DEPENDENT(false, kernel, grid, block, shared_bytes, stream, ##__VA_ARGS__)
#define LAUNCH_DEPENDENT(dependent, kernel, grid, block, shared_bytes, stream, ...)            \
    emulated_launch((dependent), #kernel, (kernel), (grid), (block), (shared_bytes), (stream), \
                    ##__VA_ARGS__)

/* A kernel with its arguments, as the stream keeps them. */
template <typename... P> struct emulated_closure {
    void (*kernel)(P...);
    std::tuple<P...> arguments;
};

/* Each object that launches has one of its own: objects may be compiled at different levels. */
template <typename... P, typename... A>
static void emulated_launch(bool dependent, const char *name, void (*kernel)(P...), dim3 grid,
                            dim3 block, size_t shared_bytes, cudaStream_t stream,
                            A... arguments) {
    using closure = emulated_closure<P...>;
    static_assert(sizeof(std::tuple<P...>) <= 4096, "the arguments of a kernel are 4 KB at most");
    static_assert((std::is_trivially_destructible<P>::value && ...),
                  "copied bytewise to the GPU");
    struct emulator_launch launch = {};
    launch.name = name;
    launch.grid[0] = grid.x, launch.grid[1] = grid.y, launch.grid[2] = grid.z;
    launch.block[0] = block.x, launch.block[1] = block.y, launch.block[2] = block.z;
    launch.shared_bytes = shared_bytes;
    launch.dependent = dependent;
    launch.closure = new closure{kernel, std::tuple<P...>(static_cast<P>(arguments)...)};
    launch.closure_bytes = sizeof(closure);
    launch.body = [](void *opaque) {
        const closure *call = static_cast<const closure *>(opaque);
        std::apply(call->kernel, call->arguments);
    };
    emulator_enqueue(&launch, reinterpret_cast<const void *>(kernel), stream,
                     [](void *opaque) { delete static_cast<closure *>(opaque); });
}

/* ---- The overloads for C++ that CUDA's headers have under nvcc ---- */

template <typename... P>
cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value) {
    return ::cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}
template <typename... P>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, void (*kernel)(P...)) {
    return ::cudaFuncGetAttributes(attributes, reinterpret_cast<const void *>(kernel));
}
template <typename... P>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, void (*kernel)(P...),
                                                          int threads, size_t shared_bytes) {
    return ::cudaOccupancyMaxActiveBlocksPerMultiprocessor(
        blocks, reinterpret_cast<const void *>(kernel), threads, shared_bytes);
}

#endif
