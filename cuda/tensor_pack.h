/* The order of packed weights, as tensor.h describes it: where a value goes. */
#ifndef DENSEBLOCK_CUDA_TENSOR_PACK_H
#define DENSEBLOCK_CUDA_TENSOR_PACK_H

#include "kernel_language.h"
#include "tensor_shape.h"

struct tensor_order {
    int64_t taps, chunks, tile_columns;
    int chunk; /* channels */
    int parts;
};

static inline tensor_order tensor_order_of(const struct dblk_tensor_way *way, int64_t taps,
                                           int64_t channels) {
    const int chunk = dblk_tensor_chunk(way->form, way->window);
    return {taps, (channels + chunk - 1) / chunk, way->tile_columns, chunk,
            dblk_tensor_parts(way->form)};
}

/* Where the value for a channel and a column of a tap goes, in elements; its second part lies
 * `part_stride` further. A lane has two neighbouring pairs of columns' fragments. */
template <typename T>
__device__ int64_t find_packed(const tensor_order &order, int64_t tap, int64_t channel,
                               int64_t column, int64_t *part_stride) {
    constexpr int STEP = TENSOR_STEP_BYTES / sizeof(T), PIECE = TENSOR_PIECE / sizeof(T);
    constexpr int PAIR = PIECE / 4; /* elements of a register */
    const int64_t chunk = column / order.tile_columns * order.chunks + channel / order.chunk;
    const int64_t steps = order.chunk / STEP;
    const int64_t step = (chunk * order.taps + tap) * steps + channel % order.chunk / STEP;
    const int in_step = static_cast<int>(channel % STEP), in_tile = static_cast<int>(column % 8);
    const int lane = in_tile * 4 + in_step % (4 * PAIR) / PAIR;
    const int place = static_cast<int>(column % 16 / 8) * 2 * PAIR + in_step / (4 * PAIR) * PAIR +
                      in_step % PAIR;
    *part_stride = order.tile_columns / 16 * 32 * PIECE;
    return step * order.parts * *part_stride +
           (column % order.tile_columns / 16 * 32 + lane) * PIECE + place;
}

#endif
