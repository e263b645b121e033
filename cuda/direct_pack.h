/* The order of packed weights, as direct.h describes it: where a value goes. */
#ifndef DENSEBLOCK_CUDA_DIRECT_PACK_H
#define DENSEBLOCK_CUDA_DIRECT_PACK_H

#include "direct.h"
#include "kernel_language.h"

struct direct_order {
    int64_t taps, chunks, chunk_channels, tile_columns;
};

static inline direct_order direct_order_of(const struct dblk_direct_layout &layout,
                                           int64_t taps) {
    return {taps, layout.chunks, layout.chunk_channels, layout.tile_columns};
}

/* Where the value for a channel and a column of a tap goes, in elements. */
__device__ __forceinline__ int64_t find_packed(const direct_order &order, int64_t tap,
                                               int64_t channel, int64_t column) {
    const int64_t chunk =
        column / order.tile_columns * order.chunks + channel / order.chunk_channels;
    const int64_t row =
        (chunk * order.taps + tap) * order.chunk_channels + channel % order.chunk_channels;
    return row * order.tile_columns + column % order.tile_columns;
}

#endif
