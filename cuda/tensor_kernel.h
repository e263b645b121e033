/* The tensor-core convolution's kernel: what all of its parts know. */
#ifndef DENSEBLOCK_CUDA_TENSOR_KERNEL_H
#define DENSEBLOCK_CUDA_TENSOR_KERNEL_H

#include "kernel_language.h"
#include "tensor_shape.h"
#include "tensor_share.h"

/* struct dblk_direct_convolution, as the kernel wants it. */
struct tensor_arguments {
    const unsigned char *features; /* the first channel to read, of the first pixel */
    int64_t feature_pitch;         /* bytes, from one pixel to the next */
    const unsigned char *weights;
    int64_t tile_weights; /* bytes, from one tile of columns to the next */
    float *sums;
    int64_t sums_stride, sums_from;
    float *parts; /* where several blocks have pieces of a tile: tensor_share.h */
    int64_t product_features, product_weights, product_sums; /* from one product to the next */
    unsigned char *output; /* the first channel to write, of the first pixel */
    int64_t output_pitch;  /* bytes, likewise */
    int pixels, height, width;
    int kernel_height, kernel_width;
    int channels, chunks;
    int columns, finished, unfinished;
    int column_tiles, tiles;
    int halo_bytes, stage_bytes;
    int stages;
    int feature_bytes; /* that one copy may read: 16, 8, 4 or 2 */
    int output_bytes;  /* that one store may write, likewise */
    bool adds;         /* to what the output is */
    bool dependent;    /* for the launcher: LAUNCH_DEPENDENT */
};

/* What is fixed when a kernel is compiled. Warps are 4 x `WARP_COLUMNS`, each with 64 pixels, as four
 * rows of matrices of 16, and `TILES` matrices of 8 columns; two of them side by side in the wide tile.
 * These are the constants of the kernel with mma.sync; wgmma's are in tensor_wgmma.h. */
template <dblk_tensor_form FORM_, dblk_tensor_window WINDOW_, int COLUMNS_>
struct tensor_constants {
    static constexpr dblk_tensor_form FORM = FORM_;
    static constexpr dblk_tensor_window WINDOW = WINDOW_;
    static constexpr int COLUMNS = COLUMNS_;
    static constexpr int STEPS = dblk_tensor_steps(WINDOW);
    static constexpr int TAPS = dblk_tensor_taps(WINDOW);
    static constexpr int PITCH = dblk_tensor_pitch(WINDOW);
    static constexpr int CHUNK = dblk_tensor_chunk(FORM, WINDOW);
    static constexpr int PARTS = dblk_tensor_parts(FORM);
    static constexpr int ELEMENT = dblk_tensor_element_bytes(FORM);
    static constexpr int TAP_BYTES = dblk_tensor_tap_bytes(FORM, WINDOW, COLUMNS);

    /* From one pixel's outputs of 16 bits in shared memory to the next one's. */
    static constexpr int OUTPUT_PITCH = COLUMNS * ELEMENT + TENSOR_PIECE;

    static constexpr int64_t PART_FLOATS = dblk_tensor_part_floats(COLUMNS);

    static constexpr int ROWS = 4;
    static constexpr int ROW_PIXELS = 16; /* from a thread's row of matrices to its next one */
    static constexpr int WARP_PIXELS = 16 * ROWS;
    static constexpr int WARP_ROWS = DBLK_TENSOR_PIXELS / WARP_PIXELS;
    static constexpr int WARP_COLUMNS = COLUMNS == DBLK_TENSOR_NARROW ? 1 : 2;
    static constexpr int TILES = COLUMNS / WARP_COLUMNS / 8;
    static constexpr int THREADS = 32 * WARP_ROWS * WARP_COLUMNS;

    /* That a multiprocessor shall have registers for, or 0 for the compiler's choice: which would
     * spill some where it takes three products, to have room for two blocks. */
    static constexpr int BLOCKS = PARTS == 1 ? 0 : 1;

    using sums = float[ROWS][TILES][4];

    static constexpr int COPY_THREADS = THREADS; /* that copy features and weights */
    static __device__ __forceinline__ int copy_thread(void) {
        return static_cast<int>(threadIdx.x);
    }
    /* Of those that have sums. */
    static __device__ __forceinline__ void barrier(void) {
        __syncthreads();
    }
};

/* Where a block works. */
struct tensor_place {
    int pixel; /* the first of its tile */
    int column_tile;
};

/* A block for each one of the grid's first dimension. */
__device__ __forceinline__ dblk_tensor_shares find_shares(const tensor_arguments &a) {
    return {a.tiles, max(a.chunks, 1), static_cast<int>(gridDim.x)};
}

/* What a block does in one go. */
struct tensor_work {
    dblk_tensor_piece piece;
    tensor_place place;
    bool is_whole; /* all channels of the tile */
    bool is_last;  /* of the block's share */
};

/* From a unit of its share on. */
__device__ __forceinline__ tensor_work find_work(const tensor_arguments &a, int unit) {
    const dblk_tensor_shares shares = find_shares(a);
    const int end = dblk_tensor_share_begin(shares, static_cast<int>(blockIdx.x) + 1);
    const dblk_tensor_piece piece = dblk_tensor_piece_at(shares, unit, end);
    return {piece,
            {piece.tile / a.column_tiles * DBLK_TENSOR_PIXELS, piece.tile % a.column_tiles},
            piece.chunks == shares.chunks,
            unit + piece.chunks == end};
}

/* Where a thread does: its lane, and where its warp's pixels and columns begin in the block's tile. */
struct tensor_warp {
    int lane, pixel, column;
};

template <typename S> __device__ __forceinline__ tensor_warp find_warp(int thread) {
    const int warp = thread / 32;
    return {thread % 32, warp % S::WARP_ROWS * S::WARP_PIXELS,
            warp / S::WARP_ROWS * S::TILES * 8};
}

/* Taps that one halo serves. */
struct tensor_window {
    int chunk, row, tap; /* the first tap is in this row of the kernel, and the tap-th there */
    int taps;
};

template <typename S>
__device__ __forceinline__ tensor_window first_window(const tensor_arguments &a, int chunk) {
    return {chunk, 0, 0, S::WINDOW == DBLK_TENSOR_ROW ? min(S::TAPS, a.kernel_width) : S::TAPS};
}

template <typename S>
__device__ __forceinline__ void advance(tensor_window *now, const tensor_arguments &a) {
    if (S::WINDOW == DBLK_TENSOR_ROW) {
        now->tap += now->taps;
        if (now->tap == a.kernel_width) {
            now->tap = 0;
            now->row++;
        }
        now->taps = min(S::TAPS, a.kernel_width - now->tap);
        if (now->row < a.kernel_height)
            return;
        now->row = 0;
    }
    now->chunk++;
}

#endif
