/* Elements of tensors in kernels: read, computed with in f64 for f64 and in f32 for all others, and
 * rounded. */
#ifndef DENSEBLOCK_CUDA_ELEMENT_H
#define DENSEBLOCK_CUDA_ELEMENT_H

#include "kernel_language.h"

/* What the elements of a type are computed in. */
template <typename T> struct dblk_real { using type = float; };
template <> struct dblk_real<double> { using type = double; };

__device__ __forceinline__ float dblk_widen(float value) {
    return value;
}
__device__ __forceinline__ double dblk_widen(double value) {
    return value;
}
__device__ __forceinline__ float dblk_widen(__half value) {
    return __half2float(value);
}
__device__ __forceinline__ float dblk_widen(__nv_bfloat16 value) {
    return __bfloat162float(value);
}

/* To nearest, ties to even. */
template <typename T> __device__ __forceinline__ T dblk_round(typename dblk_real<T>::type value) {
    return value;
}
template <> __device__ __forceinline__ __half dblk_round<__half>(float value) {
    return __float2half_rn(value);
}
template <> __device__ __forceinline__ __nv_bfloat16 dblk_round<__nv_bfloat16>(float value) {
    return __float2bfloat16_rn(value);
}

/* NaN stays NaN, which max(0, v) would lose. */
template <typename R> __device__ __forceinline__ R dblk_relu(R value) {
    return value < 0 ? R(0) : value;
}

/* The same for an element as it is in memory. */
template <typename T> __device__ __forceinline__ T dblk_relu_element(T value) {
    return dblk_widen(value) < 0 ? T() : value;
}

#endif
