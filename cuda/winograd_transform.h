/* The transforms of F(2x2,3x3) and F(4x4,3x3) in one dimension: of `POINTS` inputs, of as many products,
 * and of three kernel values. Elements lie `from` and `to` apart.
 *
 * F(2x2) has the interpolation points 0, 1, -1 and infinity. F(4x4) has 0, +-sqrt(1/2), +-sqrt(2)
 * and infinity: with a point beside its reciprocal, the matrices have no large elements, and the
 * error is less than half of that with 0, +-1, +-2 (what makes points good: Barabasz et al.,
 * arXiv 1803.10986). Scale is moved into the kernel's transform, which is done once, in f64; but that
 * of F(2x2), a half, into the output's, which is never rounded to 16 bits: kernels that are small in
 * f16 would become subnormal. */
#ifndef DENSEBLOCK_CUDA_WINOGRAD_TRANSFORM_H
#define DENSEBLOCK_CUDA_WINOGRAD_TRANSFORM_H

#include "element.h"
#include "ptx.h"

template <int TILE> struct winograd_transform;

template <> struct winograd_transform<2> {
    static constexpr int POINTS = 4;

    template <typename R>
    static __device__ __forceinline__ void input(const R *d, int from, R *t, int to) {
        t[0] = d[0] - d[2 * from];
        t[to] = d[from] + d[2 * from];
        t[2 * to] = d[2 * from] - d[from];
        t[3 * to] = d[3 * from] - d[from];
    }

    template <typename R>
    static __device__ __forceinline__ void output(const R *m, int from, R *y, int to) {
        y[0] = m[0] + R(0.5) * (m[from] + m[2 * from]);
        y[to] = m[3 * from] + R(0.5) * (m[from] - m[2 * from]);
    }

    static __device__ __forceinline__ void kernel(const double *k, int from, double *t, int to) {
        const double even = k[0] + k[2 * from];
        t[0] = k[0];
        t[to] = even + k[from];
        t[2 * to] = even - k[from];
        t[3 * to] = k[2 * from];
    }
};

template <> struct winograd_transform<4> {
    static constexpr int POINTS = 6;
    static constexpr double ROOT_HALF = 0.70710678118654752440, ROOT_2 = 1.41421356237309504880;

    template <typename R>
    static __device__ __forceinline__ void input(const R *d, int from, R *t, int to) {
        const R d1 = d[from], d2 = d[2 * from], d3 = d[3 * from], d4 = d[4 * from];
        const R near_even = d4 - 2 * d2, near_odd = d3 - 2 * d1;
        const R far_even = d4 - R(0.5) * d2, far_odd = d3 - R(0.5) * d1;
        t[0] = d[0] + (d4 - R(2.5) * d2);
        t[to] = near_even + R(ROOT_HALF) * near_odd;
        t[2 * to] = near_even - R(ROOT_HALF) * near_odd;
        t[3 * to] = far_even + R(ROOT_2) * far_odd;
        t[4 * to] = far_even - R(ROOT_2) * far_odd;
        t[5 * to] = d[5 * from] + (d1 - R(2.5) * d3);
    }

    template <typename R>
    static __device__ __forceinline__ void output(const R *m, int from, R *y, int to) {
        const R near_even = m[from] + m[2 * from], near_odd = m[from] - m[2 * from];
        const R far_even = m[3 * from] + m[4 * from], far_odd = m[3 * from] - m[4 * from];
        y[0] = m[0] + near_even + far_even;
        y[to] = R(ROOT_HALF) * near_odd + R(ROOT_2) * far_odd;
        y[2 * to] = R(0.5) * near_even + 2 * far_even;
        y[3 * to] = R(0.5 * ROOT_HALF) * near_odd + (R(2 * ROOT_2) * far_odd + m[5 * from]);
    }

    static __device__ __forceinline__ void kernel(const double *k, int from, double *t, int to) {
        const double near_even = -2.0 / 3 * k[0] - 1.0 / 3 * k[2 * from];
        const double near_odd = -2.0 / 3 * ROOT_HALF * k[from];
        const double far_even = 1.0 / 6 * k[0] + 1.0 / 3 * k[2 * from];
        const double far_odd = 1.0 / 6 * ROOT_2 * k[from];
        t[0] = k[0];
        t[to] = near_even + near_odd;
        t[2 * to] = near_even - near_odd;
        t[3 * to] = far_even + far_odd;
        t[4 * to] = far_even - far_odd;
        t[5 * to] = k[2 * from];
    }
};

/* As an operand of the products. */
template <typename T>
__device__ __forceinline__ T winograd_round(typename dblk_real<T>::type value, bool) {
    return dblk_round<T>(value);
}
template <> __device__ __forceinline__ float winograd_round<float>(float value, bool tf32) {
    return tf32 ? __uint_as_float(f32_to_tf32(value)) : value;
}

#endif
