/* The direct convolution's kernel: the products of a window of taps. */
#ifndef DENSEBLOCK_CUDA_DIRECT_PRODUCT_H
#define DENSEBLOCK_CUDA_DIRECT_PRODUCT_H

#include "direct_kernel.h"
#include "ptx.h"
#include "vector_access.h"

__device__ __forceinline__ void load_reals(float *to, const float *from) {
    const float4 vector = load_vector<float4>(from);
    to[0] = vector.x, to[1] = vector.y, to[2] = vector.z, to[3] = vector.w;
}
__device__ __forceinline__ void load_reals(double *to, const double *from) {
    const double2 vector = load_vector<double2>(from);
    to[0] = vector.x, to[1] = vector.y;
}
__device__ __forceinline__ void store_reals(float *to, const float *from) {
    store_vector(to, make_float4(from[0], from[1], from[2], from[3]));
}
__device__ __forceinline__ void store_reals(double *to, const double *from) {
    store_vector(to, make_double2(from[0], from[1]));
}

/* Starts copying the weights of a window of so many taps, which lie together in memory. */
template <typename S>
__device__ __forceinline__ void copy_weights(typename S::R *to, const typename S::R *from,
                                             int taps) {
    constexpr int AT_ONCE = THREADS * S::VECTOR;
    const int count = taps * S::TAP_WEIGHTS;
#pragma unroll
    for (int first = 0; first < count; first += AT_ONCE) {
        const int i = first + static_cast<int>(threadIdx.x) * S::VECTOR;
        if (S::TAP_WEIGHTS % AT_ONCE == 0 || i < count)
            cp_async_16(to + i, from + i, 16);
    }
    cp_async_commit();
}

/* Exactly N features, which begin at a multiple of 16 bytes. */
template <int N, typename R>
__device__ __forceinline__ void load_run(R (&run)[N], const R *from) {
    constexpr int VECTOR = 16 / sizeof(R);
#pragma unroll
    for (int i = 0; i + VECTOR <= N; i += VECTOR)
        load_reals(&run[i], from + i);
    if constexpr (N % VECTOR == 2) {
        const float2 pair = load_vector<float2>(from + N - 2);
        run[N - 2] = pair.x, run[N - 1] = pair.y;
    } else if constexpr (N % VECTOR == 1) {
        run[N - 1] = from[N - 1];
    }
}

/* Adds the products of `TAPS` taps of `CHANNELS` channels. `features` are the first channel's of the
 * thread's run, `weights` the first tap's and channel's of its columns. */
template <typename S, int TAPS, int CHANNELS>
__device__ __forceinline__ void multiply(typename S::sums &sums, const typename S::R *features,
                                         const typename S::R *weights) {
#pragma unroll 2
    for (int c = 0; c < CHANNELS; c++) {
        typename S::R run[RUN + TAPS - 1];
        load_run(run, features + c * S::POSITIONS);
#pragma unroll
        for (int t = 0; t < TAPS; t++)
#pragma unroll
            for (int k = 0; k < S::COLUMN_VECTORS; k++) {
                typename S::R weight[S::VECTOR];
                load_reals(weight,
                           weights + t * S::TAP_WEIGHTS + c * S::COLUMNS + k * LANES * S::VECTOR);
#pragma unroll
                for (int p = 0; p < RUN; p++)
#pragma unroll
                    for (int v = 0; v < S::VECTOR; v++)
                        sums[p][k][v] += run[p + t] * weight[v];
            }
    }
}

#endif
