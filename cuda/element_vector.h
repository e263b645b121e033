/* Elements that lie side by side, read and written in one access. */
#ifndef DENSEBLOCK_CUDA_ELEMENT_VECTOR_H
#define DENSEBLOCK_CUDA_ELEMENT_VECTOR_H

#include <stdint.h>

#include "vector_access.h"

template <int BYTES> struct dblk_access;
template <> struct dblk_access<2> { using type = uint16_t; };
template <> struct dblk_access<4> { using type = uint32_t; };
template <> struct dblk_access<8> { using type = uint2; };
template <> struct dblk_access<16> { using type = uint4; };

/* N elements of type T. */
template <typename T, int N> union dblk_elements {
    using access = typename dblk_access<N * sizeof(T)>::type;
    access whole;
    T each[N];

    __device__ dblk_elements() {
    }
    __device__ void load(const T *from) {
        whole = load_vector<access>(from);
    }
    /* The first `count`, or all where that is more, and zeros; in one access only if they are aligned. */
    __device__ void load_first(const T *from, int count, bool aligned) {
        if (aligned && count >= N) {
            load(from);
            return;
        }
#pragma unroll
        for (int i = 0; i < N; i++)
            each[i] = i < count ? from[i] : T();
    }
    __device__ void store(T *to) const {
        store_vector(to, whole);
    }
};

/* Whether so many elements can be accessed there at once. */
template <typename T> bool is_aligned(const T *address, int elements) {
    return reinterpret_cast<uintptr_t>(address) % (elements * sizeof(T)) == 0;
}

#endif
