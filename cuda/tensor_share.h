/* How the tensor-core convolution's work is dealt out to blocks of threads, for the functions of
 * the host and for the kernels.
 *
 * Chunks of channels, tile after tile, are one line of units, and every block has an equal share of
 * it, which may begin and end within a tile. What lies whole in a share is finished by its block.
 * Of other tiles, which several blocks have pieces of, each leaves the sums of its piece in a part,
 * and a second launch adds them, always in the order of the blocks:
 *
 *     parts [slots][256 pixels][tile columns]
 *
 * A block has the slot of its own number for the tile in which its share begins, and one behind
 * those of all blocks for that in which it ends. */
#ifndef DENSEBLOCK_CUDA_TENSOR_SHARE_H
#define DENSEBLOCK_CUDA_TENSOR_SHARE_H

#include <stdint.h>

#ifdef __CUDACC__
#define DBLK_SHARE static inline __host__ __device__
#else
#define DBLK_SHARE static inline
#endif

struct dblk_tensor_shares {
    int tiles, chunks; /* of a tile: 1 or more */
    int blocks;        /* 1 or more, at most tiles * chunks, which is an int */
};

/* The unit where a block's share begins, and for the number behind the last block where all end. */
DBLK_SHARE int dblk_tensor_share_begin(struct dblk_tensor_shares shares, int block) {
    const int units = shares.tiles * shares.chunks;
    return (int)((int64_t)units * block / shares.blocks);
}

/* The block whose share has a unit: the last that does not begin behind it. */
DBLK_SHARE int dblk_tensor_share_block(struct dblk_tensor_shares shares, int unit) {
    const int units = shares.tiles * shares.chunks;
    return (int)((((int64_t)unit + 1) * shares.blocks - 1) / units);
}

/* Chunks of a tile, which a block computes in one go. */
struct dblk_tensor_piece {
    int tile, chunk, chunks; /* from `chunk` on */
};

/* From a unit on, in a share that ends behind it. */
DBLK_SHARE struct dblk_tensor_piece dblk_tensor_piece_at(struct dblk_tensor_shares shares,
                                                         int unit, int share_end) {
    struct dblk_tensor_piece piece;
    piece.tile = unit / shares.chunks;
    piece.chunk = unit - piece.tile * shares.chunks;
    piece.chunks = shares.chunks - piece.chunk;
    if (piece.chunks > share_end - unit)
        piece.chunks = share_end - unit;
    return piece;
}

/* The slot of the block's piece of a tile. */
DBLK_SHARE int dblk_tensor_share_slot(struct dblk_tensor_shares shares, int block, int tile) {
    const bool begins = dblk_tensor_share_begin(shares, block) / shares.chunks == tile;
    return begins ? block : shares.blocks + block;
}

/* Slots that there are: none where shares begin and end with tiles, and only the first ones where
 * no tile ends within a share. */
DBLK_SHARE int64_t dblk_tensor_share_slots(int64_t tiles, int64_t blocks) {
    return tiles % blocks == 0 ? 0 : blocks % tiles == 0 ? blocks : 2 * blocks;
}

#endif
