/* The tensor-core convolution's kernel: the products of a window. */
#ifndef DENSEBLOCK_CUDA_TENSOR_PRODUCT_H
#define DENSEBLOCK_CUDA_TENSOR_PRODUCT_H

#include "ptx.h"
#include "tensor_kernel.h"
#include "vector_access.h"

__device__ __forceinline__ float as_float(uint32_t bits) {
    return __uint_as_float(bits);
}

template <bool RELU> __device__ __forceinline__ float rectify(uint32_t bits) {
    return RELU ? max_keep_nan(as_float(bits), 0) : as_float(bits);
}

/* Operands of a matrix instruction, from features as they are in memory: after the ReLU, where there is
 * one, and of as many parts as the form has. */
template <dblk_tensor_form FORM, bool RELU> struct tensor_operand;

template <bool RELU> struct tensor_operand<DBLK_TENSOR_F16, RELU> {
    static constexpr int PARTS = 1;
    static __device__ __forceinline__ void make(uint32_t (&parts)[1][4],
                                                const uint32_t (&features)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            parts[0][i] = RELU ? relu_keep_nan_f16x2(features[i]) : features[i];
    }
    static __device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&a)[1][4],
                                                    const uint32_t (&b)[1][2]) {
        mma_m16n8k16_f16(sums, a[0], b[0]);
    }
};

template <bool RELU> struct tensor_operand<DBLK_TENSOR_BF16, RELU> {
    static constexpr int PARTS = 1;
    static __device__ __forceinline__ void make(uint32_t (&parts)[1][4],
                                                const uint32_t (&features)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            parts[0][i] = RELU ? relu_keep_nan_bf16x2(features[i]) : features[i];
    }
    static __device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&a)[1][4],
                                                    const uint32_t (&b)[1][2]) {
        mma_m16n8k16_bf16(sums, a[0], b[0]);
    }
};

template <bool RELU> struct tensor_operand<DBLK_TENSOR_TF32, RELU> {
    static constexpr int PARTS = 1;
    static __device__ __forceinline__ void make(uint32_t (&parts)[1][4],
                                                const uint32_t (&features)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++)
            parts[0][i] = f32_to_tf32(rectify<RELU>(features[i]));
    }
    static __device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&a)[1][4],
                                                    const uint32_t (&b)[1][2]) {
        mma_m16n8k8_tf32(sums, a[0], b[0]);
    }
};

/* The high part is cut off, not rounded, which takes a third of the instructions: what it leaves is the
 * low one, exactly, of which the matrix instruction takes 11 of 13 bits. An Inf has none, and must not
 * meet the low part of a weight, which may be 0 or have the other sign: so there is a high part for
 * those, where it is 0. What is left out, low times low, is as small as what is cut off. */
template <bool RELU> struct tensor_operand<DBLK_TENSOR_TF32X3, RELU> {
    static constexpr int PARTS = 3;
    static constexpr uint32_t HIGH = 0xFFFFE000; /* what matrix instructions look at */
    static __device__ __forceinline__ void make(uint32_t (&parts)[3][4],
                                                const uint32_t (&features)[4]) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float value = rectify<RELU>(features[i]);
            const uint32_t high = __float_as_uint(value) & HIGH;
            const float low = value - as_float(high);
            const bool finite = low == low;
            parts[0][i] = high;
            parts[1][i] = finite ? __float_as_uint(low) : 0;
            parts[2][i] = finite ? high : 0;
        }
    }
    static __device__ __forceinline__ void multiply(float (&sums)[4], const uint32_t (&a)[3][4],
                                                    const uint32_t (&b)[2][2]) {
        mma_m16n8k8_tf32(sums, a[1], b[0]);
        mma_m16n8k8_tf32(sums, a[2], b[1]);
        mma_m16n8k8_tf32(sums, a[0], b[0]);
    }
};

/* The pixels whose features a lane points to when matrices are loaded, one for each row of matrices. */
template <typename S> struct tensor_pixels {
    int offset[S::ROWS]; /* in the halo, of the pixel's first tap and this lane's half */
    int row[S::ROWS], column[S::ROWS]; /* in the image; not for 1x1 */
    unsigned inside[S::ROWS];          /* for 3x3: a bit for each tap */
};

__device__ __forceinline__ bool is_inside(const tensor_arguments &a, int row, int column) {
    return row >= 0 && row < a.height && column >= 0 && column < a.width;
}

/* What a kernel has no use for is not computed in the end. */
template <typename S>
__device__ __forceinline__ tensor_pixels<S>
find_pixels(const tensor_arguments &a, const tensor_place &place, const tensor_warp &warp) {
    tensor_pixels<S> pixels;
#pragma unroll
    for (int r = 0; r < S::ROWS; r++) {
        const int position = warp.pixel + r * S::ROW_PIXELS + warp.lane % 16;
        const int pixel = place.pixel + position;
        pixels.offset[r] = position * S::PITCH + warp.lane / 16 * TENSOR_PIECE;
        pixels.row[r] = pixel / a.width % a.height;
        pixels.column[r] = pixel % a.width;
        pixels.inside[r] = 0;
#pragma unroll
        for (int tap = 0; tap < 9; tap++)
            if (is_inside(a, pixels.row[r] + tap / 3 - 1, pixels.column[r] + tap % 3 - 1))
                pixels.inside[r] |= 1u << tap;
    }
    return pixels;
}

/* For a tap outside the image a lane points to zeros, to those in the same banks. */
__device__ __forceinline__ int select_row(int offset, bool inside) {
    return inside ? offset : offset & (128 - TENSOR_PIECE);
}

/* One tap: `rows` are the offsets, in shared memory, of what the lane points to. */
template <typename S>
__device__ __forceinline__ void multiply_tap(typename S::sums &sums, const unsigned char *shared,
                                             const int (&rows)[S::ROWS],
                                             const unsigned char *weights) {
    using operand = tensor_operand<S::FORM, S::WINDOW != DBLK_TENSOR_PRODUCT>;
    constexpr int PAIRS = S::TILES / 2, STRIDE = S::COLUMNS / 16 * 512;
/* Of three products a step has enough to go on with, and unrolled it has too many registers. */
#pragma unroll(S::PARTS == 1 ? S::STEPS : 1)
    for (int step = 0; step < S::STEPS; step++) {
        uint32_t b[S::TILES][S::PARTS][2];
#pragma unroll
        for (int part = 0; part < S::PARTS; part++)
#pragma unroll
            for (int pair = 0; pair < PAIRS; pair++) {
                const uint4 loaded =
                    load_vector<uint4>(weights + (step * S::PARTS + part) * STRIDE + pair * 512);
                b[2 * pair][part][0] = loaded.x;
                b[2 * pair][part][1] = loaded.y;
                b[2 * pair + 1][part][0] = loaded.z;
                b[2 * pair + 1][part][1] = loaded.w;
            }
#pragma unroll
        for (int r = 0; r < S::ROWS; r++) {
            uint32_t features[4], a[operand::PARTS][4];
            ldmatrix_x4(features, shared + rows[r] + step * TENSOR_STEP_BYTES);
            operand::make(a, features);
#pragma unroll
            for (int tile = 0; tile < S::TILES; tile++)
                operand::multiply(sums[r][tile], a, b[tile]);
        }
    }
}

/* Calls multiply(rows, tap) for each tap of a window, with what the lane points to for it. `stage` is
 * the window's place in shared memory. */
template <typename S, typename MULTIPLY>
__device__ __forceinline__ void
for_each_tap(int stage, const tensor_arguments &a, const tensor_pixels<S> &pixels,
             const tensor_window &window, const MULTIPLY &multiply) {
    int rows[S::ROWS];
    if constexpr (S::WINDOW == DBLK_TENSOR_3X3) {
#pragma unroll
        for (int tap = 0; tap < S::TAPS; tap++) {
            const int shift = stage + (tap / 3 * a.width + tap % 3) * S::PITCH;
#pragma unroll
            for (int r = 0; r < S::ROWS; r++)
                rows[r] =
                    select_row(pixels.offset[r] + shift, (pixels.inside[r] >> tap & 1) != 0);
            multiply(rows, tap);
        }
    } else if constexpr (S::WINDOW == DBLK_TENSOR_ROW) {
        const int down = window.row - (a.kernel_height - 1) / 2;
        const int right = window.tap - (a.kernel_width - 1) / 2;
#pragma unroll 1
        for (int tap = 0; tap < window.taps; tap++) {
#pragma unroll
            for (int r = 0; r < S::ROWS; r++)
                rows[r] = select_row(
                    pixels.offset[r] + stage + tap * S::PITCH,
                    is_inside(a, pixels.row[r] + down, pixels.column[r] + right + tap));
            multiply(rows, tap);
        }
    } else {
#pragma unroll
        for (int r = 0; r < S::ROWS; r++)
            rows[r] = pixels.offset[r] + stage;
        multiply(rows, 0);
    }
}

template <typename S>
__device__ __forceinline__ void
multiply_window(typename S::sums &sums, const unsigned char *shared, int stage,
                const tensor_arguments &a, const tensor_pixels<S> &pixels,
                const tensor_warp &warp, const tensor_window &window) {
    const unsigned char *weights =
        shared + stage + a.halo_bytes + warp.column / 16 * 512 + warp.lane * TENSOR_PIECE;
    for_each_tap<S>(stage, a, pixels, window, [&](const int(&rows)[S::ROWS], int tap) {
        multiply_tap<S>(sums, shared, rows, weights + tap * S::TAP_BYTES);
    });
}

#endif
