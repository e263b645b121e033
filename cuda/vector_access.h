/* Accesses of several elements in one instruction: up to 16 bytes, at a multiple of their size.
 *
 *   V load_vector<V>(const void *from)
 *   void store_vector(void *to, V value)
 *
 * V is a type of 1, 2, 4, 8 or 16 bytes: float4, uint2, __half2, ... A compiler for the CPU takes
 * such types apart, and then the emulator would not see that the address of the whole has to be
 * aligned. Through these it sees every vector access as a GPU makes it. */
#ifndef DENSEBLOCK_CUDA_VECTOR_ACCESS_H
#define DENSEBLOCK_CUDA_VECTOR_ACCESS_H

#include "kernel_language.h"

#ifdef DENSEBLOCK_EMULATED
#include "emulated_access.h"
#else

template <typename V> __device__ __forceinline__ V load_vector(const void *from) {
    static_assert(sizeof(V) <= 16 && alignof(V) == sizeof(V), "one access, at its own alignment");
    return *static_cast<const V *>(from);
}

template <typename V> __device__ __forceinline__ void store_vector(void *to, V value) {
    static_assert(sizeof(V) <= 16 && alignof(V) == sizeof(V), "one access, at its own alignment");
    *static_cast<V *>(to) = value;
}

#endif
#endif
