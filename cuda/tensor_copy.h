/* The tensor-core convolution's kernel: a window's features and weights into shared memory, by copies
 * that nobody waits for. */
#ifndef DENSEBLOCK_CUDA_TENSOR_COPY_H
#define DENSEBLOCK_CUDA_TENSOR_COPY_H

#include "ptx.h"
#include "tensor_kernel.h"
#include "vector_access.h"

/* Copies the first `valid` of 16, 8, 4 or 2 bytes, at least 2, and zeros for the others, at once. */
__device__ __forceinline__ void copy_unit(unsigned char *to, const unsigned char *from, int valid,
                                          int unit) {
    if (unit == 16)
        cp_async_16(to, from, static_cast<unsigned>(valid));
    else if (unit == 8)
        cp_async_8(to, from, static_cast<unsigned>(valid));
    else if (unit == 4)
        cp_async_4(to, from, static_cast<unsigned>(valid));
    else
        store_vector(to, load_vector<uint16_t>(from));
}

/* Copies the first `valid` of 16 bytes, and zeros for the others; by pieces as large as the addresses
 * allow. */
__device__ __forceinline__ void copy_piece(unsigned char *to, const unsigned char *from,
                                           int valid, int piece) {
    if (piece == 16) {
        cp_async_16(to, from, static_cast<unsigned>(valid));
    } else if (piece == 8) {
#pragma unroll
        for (int i = 0; i < 16; i += 8)
            cp_async_8(to + i, valid > i ? from + i : from,
                       static_cast<unsigned>(min(max(valid - i, 0), 8)));
    } else if (piece == 4) {
#pragma unroll
        for (int i = 0; i < 16; i += 4)
            cp_async_4(to + i, valid > i ? from + i : from,
                       static_cast<unsigned>(min(max(valid - i, 0), 4)));
    } else {
#pragma unroll 1
        for (int i = 0; i < 16; i += 2)
            *reinterpret_cast<uint16_t *>(to + i) =
                valid > i ? *reinterpret_cast<const uint16_t *>(from + i) : uint16_t(0);
    }
}

/* The pixels of the halo follow one another in memory: those of other rows and images are there too,
 * and left out when the halo is read. */
template <typename S>
__device__ __forceinline__ void copy_features(unsigned char *halo, const tensor_arguments &a,
                                              const tensor_place &place,
                                              const tensor_window &window) {
    constexpr int PIECES = S::STEPS * TENSOR_STEP_BYTES / TENSOR_PIECE;
    int first = place.pixel, positions = DBLK_TENSOR_PIXELS;
    if (S::WINDOW == DBLK_TENSOR_3X3) {
        first -= a.width + 1;
        positions += 2 * a.width + 2;
    } else if (S::WINDOW == DBLK_TENSOR_ROW) {
        first += (window.row - (a.kernel_height - 1) / 2) * a.width + window.tap -
                 (a.kernel_width - 1) / 2;
        positions += window.taps - 1;
    }
    const int channel_bytes = window.chunk * S::CHUNK * S::ELEMENT;
    const int bytes = a.channels * S::ELEMENT - channel_bytes; /* that are left of a pixel */
    /* A thread has the same piece of all of its pixels. Eight lanes have that of eight pixels, which go
     * to different banks. */
    constexpr int STRIDE = S::COPY_THREADS / PIECES;
    static_assert(S::COPY_THREADS % (8 * PIECES) == 0, "of whole groups of lanes");
    const int piece = S::copy_thread() / 8 % PIECES * TENSOR_PIECE;
    const int valid = min(max(bytes - piece, 0), TENSOR_PIECE);
    const int64_t channel = channel_bytes + piece;
    for (int position = S::copy_thread() / (8 * PIECES) * 8 + S::copy_thread() % 8;
         position < positions; position += STRIDE) {
        const int pixel = first + position;
        const bool there = pixel >= 0 && pixel < a.pixels && valid > 0;
        const unsigned char *from = a.features;
        if (there)
            from += pixel * a.feature_pitch + channel;
        copy_piece(halo + position * S::PITCH + piece, from, there ? valid : 0, a.feature_bytes);
    }
}

/* Taps follow one another, and windows do. */
template <typename S>
__device__ __forceinline__ const unsigned char *
find_weights(const tensor_arguments &a, const tensor_place &place, const tensor_window &window) {
    const int64_t taps = static_cast<int64_t>(a.kernel_height) * a.kernel_width;
    return a.weights + place.column_tile * a.tile_weights +
           (window.chunk * taps + window.row * a.kernel_width + window.tap) * S::TAP_BYTES;
}

template <typename S>
__device__ __forceinline__ void copy_weights(unsigned char *to, const tensor_arguments &a,
                                             const tensor_place &place,
                                             const tensor_window &window) {
    const unsigned char *from = find_weights<S>(a, place, window);
    const int bytes = window.taps * S::TAP_BYTES;
    for (int i = S::copy_thread() * TENSOR_PIECE; i < bytes; i += S::COPY_THREADS * TENSOR_PIECE)
        cp_async_16(to + i, from + i);
}

#endif
