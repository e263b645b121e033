/* The tensor-core convolution's kernel: what a thread's sums begin with, and where they go. */
#ifndef DENSEBLOCK_CUDA_TENSOR_SUMS_H
#define DENSEBLOCK_CUDA_TENSOR_SUMS_H

#include "element.h"
#include "element_vector.h"
#include "tensor_copy.h"
#include "tensor_kernel.h"

/* A thread has the sums of two neighbouring columns, for two pixels that are 8 apart, of each matrix. */
template <typename S>
__device__ __forceinline__ int sums_pixel(const tensor_place &place, const tensor_warp &warp,
                                          int row, int half) {
    return place.pixel + warp.pixel + row * S::ROW_PIXELS + half * 8 + warp.lane / 4;
}

template <typename S>
__device__ __forceinline__ int sums_column(const tensor_warp &warp, int tile) {
    return warp.column + tile * 8 + warp.lane % 4 * 2;
}

/* Zeros, unless it is for `all` channels: then what the convolution begins with. */
template <typename S>
__device__ __forceinline__ void start_sums(typename S::sums &sums, const tensor_arguments &a,
                                           const tensor_place &place, const tensor_warp &warp,
                                           bool all) {
#pragma unroll
    for (int r = 0; r < S::ROWS; r++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int pixel = sums_pixel<S>(place, warp, r, half);
            const float *from = a.sums + pixel * a.sums_stride + a.sums_from;
#pragma unroll
            for (int tile = 0; tile < S::TILES; tile++) {
                const int column = place.column_tile * S::COLUMNS + sums_column<S>(warp, tile);
                dblk_elements<float, 2> two;
                two.whole = {};
                if (all && a.sums_from >= 0 && pixel < a.pixels && column < a.columns)
                    two.load(from + column);
                sums[r][tile][2 * half] = two.each[0];
                sums[r][tile][2 * half + 1] = two.each[1];
            }
        }
}

/* Partial sums, of columns from `unfinished` on. */
template <typename S>
__device__ __forceinline__ void
store_partial(const typename S::sums &sums, const tensor_arguments &a, const tensor_place &place,
              const tensor_warp &warp) {
#pragma unroll
    for (int r = 0; r < S::ROWS; r++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int pixel = sums_pixel<S>(place, warp, r, half);
            float *to = a.sums + pixel * a.sums_stride - a.unfinished;
#pragma unroll
            for (int tile = 0; tile < S::TILES; tile++) {
                const int column = place.column_tile * S::COLUMNS + sums_column<S>(warp, tile);
                dblk_elements<float, 2> two;
                two.each[0] = sums[r][tile][2 * half];
                two.each[1] = sums[r][tile][2 * half + 1];
                if (pixel < a.pixels && column >= a.unfinished && column < a.columns)
                    two.store(to + column);
            }
        }
}

__device__ __forceinline__ uint32_t pack_pair(float low, float high, __half *) {
    dblk_elements<__half, 2> two;
    two.each[0] = __float2half_rn(low);
    two.each[1] = __float2half_rn(high);
    return two.whole;
}
__device__ __forceinline__ uint32_t pack_pair(float low, float high, __nv_bfloat16 *) {
    dblk_elements<__nv_bfloat16, 2> two;
    two.each[0] = __float2bfloat16_rn(low);
    two.each[1] = __float2bfloat16_rn(high);
    return two.whole;
}

template <dblk_tensor_form FORM> struct tensor_element { using type = float; };
template <> struct tensor_element<DBLK_TENSOR_F16> { using type = __half; };
template <> struct tensor_element<DBLK_TENSOR_BF16> { using type = __nv_bfloat16; };

/* Brings so many bytes of each pixel of the output to where they are put together, which is added to
 * them. */
template <typename S>
__device__ __forceinline__ void copy_output_16(unsigned char *shared, const tensor_arguments &a,
                                               const tensor_place &place, int bytes) {
    const int pieces = (bytes + a.output_bytes - 1) / a.output_bytes;
    const int pixels = min(DBLK_TENSOR_PIXELS, a.pixels - place.pixel);
    const int end = (pixels + 7) / 8 * 8 * pieces; /* each by the thread that will store it */
#pragma unroll 1
    for (int i = static_cast<int>(threadIdx.x); i < end; i += S::THREADS) {
        const int pixel = i / (8 * pieces) * 8 + i % 8, at = i / 8 % pieces * a.output_bytes;
        if (pixel < pixels)
            copy_unit(shared + pixel * S::OUTPUT_PITCH + at,
                      a.output + (place.pixel + pixel) * a.output_pitch +
                          place.column_tile * S::COLUMNS * S::ELEMENT + at,
                      min(bytes - at, a.output_bytes), a.output_bytes);
    }
    cp_async_commit();
    cp_async_wait<0>();
    S::barrier();
}

/* Two sums as they are stored, and added to what is there, if there are so many bytes. */
template <typename T>
__device__ __forceinline__ void put_pair(unsigned char *to, float low, float high, bool adds,
                                         int bytes) {
    if (adds && bytes > 0) {
        dblk_elements<T, 2> before;
        before.load_first(reinterpret_cast<const T *>(to), bytes / static_cast<int>(sizeof(T)),
                          true);
        low += dblk_widen(before.each[0]);
        high += dblk_widen(before.each[1]);
    }
    store_vector(to, pack_pair(low, high, static_cast<T *>(nullptr)));
}

/* 16 bits: the block's outputs are put together in shared memory, [pixels][columns], where the
 * windows were, and stored in pieces of 16 bytes where the addresses allow. */
template <typename S>
__device__ __forceinline__ void
store_finished_16(const typename S::sums &sums, unsigned char *shared, const tensor_arguments &a,
                  const tensor_place &place, const tensor_warp &warp) {
    using T = typename tensor_element<S::FORM>::type;
    static_assert(DBLK_TENSOR_PIXELS * S::OUTPUT_PITCH <=
                      2 * (DBLK_TENSOR_PIXELS * S::PITCH + S::TAPS * S::TAP_BYTES),
                  "they have room where two windows were");
    const int first = place.column_tile * S::COLUMNS;
    const int bytes = min(a.finished - first, S::COLUMNS) * S::ELEMENT; /* of a pixel */
    if (bytes <= 0)
        return;
    S::barrier(); /* all windows have been used, by all */
    if (a.adds)
        copy_output_16<S>(shared, a, place, bytes);
#pragma unroll
    for (int r = 0; r < S::ROWS; r++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int pixel = sums_pixel<S>(place, warp, r, half) - place.pixel;
            unsigned char *to = shared + pixel * S::OUTPUT_PITCH;
#pragma unroll
            for (int tile = 0; tile < S::TILES; tile++) {
                const int at = sums_column<S>(warp, tile) * S::ELEMENT;
                put_pair<T>(to + at, sums[r][tile][2 * half], sums[r][tile][2 * half + 1],
                            a.adds && place.pixel + pixel < a.pixels, bytes - at);
            }
        }
    S::barrier();
    const int pieces = (bytes + a.output_bytes - 1) / a.output_bytes;
    const int pixels = min(DBLK_TENSOR_PIXELS, a.pixels - place.pixel);
    /* As they were copied: eight lanes have the same piece of eight pixels. */
    const int end = (pixels + 7) / 8 * 8 * pieces;
    for (int i = static_cast<int>(threadIdx.x); i < end; i += S::THREADS) {
        const int pixel = i / (8 * pieces) * 8 + i % 8, at = i / 8 % pieces * a.output_bytes;
        if (pixel >= pixels)
            continue;
        const unsigned char *from = shared + pixel * S::OUTPUT_PITCH + at;
        unsigned char *to =
            a.output + (place.pixel + pixel) * a.output_pitch + first * S::ELEMENT + at;
        if (a.output_bytes == 16 && at + 16 <= bytes) {
            store_vector(to, load_vector<uint4>(from));
        } else if (a.output_bytes == 8 && at + 8 <= bytes) {
            store_vector(to, load_vector<uint2>(from));
        } else {
#pragma unroll 1
            for (int b = 0; b < a.output_bytes && at + b < bytes; b += 2)
                store_vector(to + b, load_vector<uint16_t>(from + b));
        }
    }
}

/* Adds what the output is. All of it is read before any is stored. */
template <typename S>
__device__ __forceinline__ void add_output_32(typename S::sums &sums, const tensor_arguments &a,
                                              const tensor_place &place,
                                              const tensor_warp &warp) {
#pragma unroll
    for (int r = 0; r < S::ROWS; r++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int pixel = sums_pixel<S>(place, warp, r, half);
            const float *from =
                reinterpret_cast<const float *>(a.output + pixel * a.output_pitch);
#pragma unroll
            for (int tile = 0; tile < S::TILES; tile++) {
                const int column = place.column_tile * S::COLUMNS + sums_column<S>(warp, tile);
                if (pixel >= a.pixels || column >= a.finished)
                    continue;
                dblk_elements<float, 2> two;
                two.load_first(from + column, a.finished - column, a.output_bytes >= 8);
                sums[r][tile][2 * half] += two.each[0];
                sums[r][tile][2 * half + 1] += two.each[1];
            }
        }
}

/* f32: four lanes store a whole sector of a pixel. */
template <typename S>
__device__ __forceinline__ void
store_finished_32(typename S::sums &sums, const tensor_arguments &a, const tensor_place &place,
                  const tensor_warp &warp) {
    if (a.adds)
        add_output_32<S>(sums, a, place, warp);
#pragma unroll
    for (int r = 0; r < S::ROWS; r++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int pixel = sums_pixel<S>(place, warp, r, half);
            float *to = reinterpret_cast<float *>(a.output + pixel * a.output_pitch);
#pragma unroll
            for (int tile = 0; tile < S::TILES; tile++) {
                const int column = place.column_tile * S::COLUMNS + sums_column<S>(warp, tile);
                dblk_elements<float, 2> two;
                two.each[0] = sums[r][tile][2 * half];
                two.each[1] = sums[r][tile][2 * half + 1];
                if (pixel >= a.pixels || column >= a.finished)
                    continue;
                if (a.output_bytes >= 8 && column + 1 < a.finished) {
                    two.store(to + column);
                } else {
                    to[column] = two.each[0];
                    if (column + 1 < a.finished)
                        to[column + 1] = two.each[1];
                }
            }
        }
}

/* What finish_sums makes of a piece of a tile: sums of all columns, which lie in its part as those
 * of a tile at pixel 0; up to the end of four columns, which are read together. */
template <typename S>
__device__ __forceinline__ tensor_arguments arguments_of_part(const tensor_arguments &a,
                                                              const tensor_work &work) {
    constexpr int FOUR = DBLK_DIRECT_COLUMN_ALIGNMENT;
    const int64_t slot =
        dblk_tensor_share_slot(find_shares(a), static_cast<int>(blockIdx.x), work.piece.tile);
    tensor_arguments part = a;
    part.sums = a.parts + slot * S::PART_FLOATS -
                work.place.pixel * static_cast<int64_t>(S::COLUMNS) -
                work.place.column_tile * S::COLUMNS;
    part.sums_stride = S::COLUMNS;
    part.columns = (a.columns + FOUR - 1) / FOUR * FOUR;
    part.finished = part.unfinished = 0;
    return part;
}

template <typename S>
__device__ __forceinline__ void finish_sums(typename S::sums &sums, unsigned char *shared,
                                            const tensor_arguments &a, const tensor_place &place,
                                            const tensor_warp &warp) {
    if (a.unfinished < a.columns)
        store_partial<S>(sums, a, place, warp);
    if constexpr (S::ELEMENT == 2)
        store_finished_16<S>(sums, shared, a, place, warp);
    else
        store_finished_32<S>(sums, a, place, warp);
}

#endif
