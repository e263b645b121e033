/* The order of packed weights, as tensor.h describes it: where a value goes. */
#ifndef DENSEBLOCK_CUDA_TENSOR_PACK_H
#define DENSEBLOCK_CUDA_TENSOR_PACK_H

#include "kernel_language.h"
#include "tensor_shape.h"

struct tensor_order {
    int64_t taps, chunks, tile_columns;
    int chunk; /* channels */
    int parts;
    bool wgmma;
};

static inline tensor_order tensor_order_of(const struct dblk_tensor_way *way, int64_t taps,
                                           int64_t channels) {
    const int chunk = dblk_tensor_chunk(way->form, way->window);
    return {taps,  (channels + chunk - 1) / chunk, way->tile_columns,
            chunk, dblk_tensor_parts(way->form),   way->instructions == DBLK_TENSOR_WGMMA};
}

/* Where a value goes in the weights of a step, by its channel there and its column in the tile. For
 * mma.sync a lane has two neighbouring pairs of columns' fragments. */
template <typename T>
__device__ __forceinline__ int find_in_step(const tensor_order &order, int channel, int column) {
    constexpr int PIECE = TENSOR_PIECE / sizeof(T), PAIR = PIECE / 4; /* elements of a register */
    if (order.wgmma)
        return ((column / 8 * 2 + channel / PIECE) * 8 + column % 8) * PIECE + channel % PIECE;
    const int lane = column % 8 * 4 + channel % (4 * PAIR) / PAIR;
    const int place = column % 16 / 8 * 2 * PAIR + channel / (4 * PAIR) * PAIR + channel % PAIR;
    return (column / 16 * 32 + lane) * PIECE + place;
}

/* Where the value for a channel and a column of a tap goes, in elements; its second part lies
 * `part_stride` further. */
template <typename T>
__device__ int64_t find_packed(const tensor_order &order, int64_t tap, int64_t channel,
                               int64_t column, int64_t *part_stride) {
    constexpr int STEP = TENSOR_STEP_BYTES / sizeof(T);
    const int64_t chunk = column / order.tile_columns * order.chunks + channel / order.chunk;
    const int64_t steps = order.chunk / STEP;
    const int64_t step = (chunk * order.taps + tap) * steps + channel % order.chunk / STEP;
    *part_stride = order.tile_columns * STEP;
    return step * order.parts * *part_stride +
           find_in_step<T>(order, static_cast<int>(channel % STEP),
                           static_cast<int>(column % order.tile_columns));
}

#endif
