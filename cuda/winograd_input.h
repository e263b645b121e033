/* The input transform of a tile: of its pixels, from wherever they are, into the stack. */
#ifndef DENSEBLOCK_CUDA_WINOGRAD_INPUT_H
#define DENSEBLOCK_CUDA_WINOGRAD_INPUT_H

#include "element_vector.h"
#include "winograd_tile.h"
#include "winograd_transform.h"

/* Where transformed features go. */
template <typename T> struct winograd_kept {
    T *stack; /* the first channel that is transformed */
    int64_t stride, plane;
    bool tf32;
    bool pairs; /* two elements can be stored at once */
};

template <typename T>
static winograd_kept<T> find_kept(const struct dblk_winograd_input *c,
                                  const winograd_plane &plane) {
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    winograd_kept<T> kept = {static_cast<T *>(c->stack) + c->first_channel, c->stack_stride,
                             c->stack_plane, c->tf32, false};
    kept.pairs =
        is_aligned(static_cast<const T *>(c->images.features) + c->first_channel, PAIR) &&
        is_aligned(kept.stack, PAIR) &&
        (plane.feature_pitch | c->channels | kept.stride | kept.plane) % PAIR == 0;
    return kept;
}

/* N channels from `channel` on; load(row, column) gives those of a pixel, whose place is relative to the
 * tile's first output, before the ReLU. */
template <typename T, int TILE, int N, typename Load>
__device__ __forceinline__ void keep_tile(const winograd_kept<T> &kept, unsigned tile,
                                          int64_t channel, Load load) {
    using R = typename dblk_real<T>::type;
    using transform = winograd_transform<TILE>;
    constexpr int POINTS = transform::POINTS;
    R columns[N][POINTS * POINTS];
#pragma unroll
    for (int column = 0; column < POINTS; column++) {
        R pixels[N][POINTS];
#pragma unroll
        for (int row = 0; row < POINTS; row++) {
            const dblk_elements<T, N> elements = load(row - 1, column - 1);
#pragma unroll
            for (int e = 0; e < N; e++)
                pixels[e][row] = dblk_relu(dblk_widen(elements.each[e]));
        }
#pragma unroll
        for (int e = 0; e < N; e++)
            transform::input(pixels[e], 1, columns[e] + column, POINTS);
    }
    T *stack = kept.stack + tile * kept.stride + channel;
#pragma unroll
    for (int row = 0; row < POINTS; row++) {
        R points[N][POINTS];
#pragma unroll
        for (int e = 0; e < N; e++)
            transform::input(columns[e] + row * POINTS, 1, points[e], 1);
#pragma unroll
        for (int column = 0; column < POINTS; column++) {
            dblk_elements<T, N> elements;
#pragma unroll
            for (int e = 0; e < N; e++)
                elements.each[e] = winograd_round<T>(points[e][column], kept.tf32);
            elements.store(stack + (row * POINTS + column) * kept.plane);
        }
    }
}

#endif
