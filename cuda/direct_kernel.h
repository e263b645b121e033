/* The direct convolution's kernel: what all of its parts know. */
#ifndef DENSEBLOCK_CUDA_DIRECT_KERNEL_H
#define DENSEBLOCK_CUDA_DIRECT_KERNEL_H

#include "direct_shape.h"
#include "element.h"
#include "kernel_language.h"

/* Threads of a block: `LANES` for each run. */
enum { THREADS = 128, LANES = 8, RUN = DBLK_DIRECT_RUN };
static_assert(THREADS == LANES * DBLK_DIRECT_RUNS, "every run has its threads");

/* What is fixed when a kernel is compiled, for tensors of type T. A thread has `COLUMN_VECTORS`
 * times 16 bytes of columns. */
template <typename T, dblk_direct_window WINDOW_, int COLUMN_VECTORS_> struct direct_constants {
    using R = typename dblk_real<T>::type;
    static constexpr denseblock_type REAL = sizeof(R) == 8 ? DENSEBLOCK_F64 : DENSEBLOCK_F32;
    static constexpr dblk_direct_window WINDOW = WINDOW_;
    static constexpr int ROWS = dblk_direct_window_rows(WINDOW);
    static constexpr bool RELU = WINDOW != DBLK_WINDOW_PRODUCT;
    static constexpr int TAPS = dblk_direct_window_taps(WINDOW);
    static constexpr int POSITIONS = dblk_direct_positions(WINDOW);
    static constexpr int CHUNK = dblk_direct_chunk(REAL, WINDOW);

    /* A thread fetches a halo in two parts: all channels of two positions, or half of the channels
     * of one. `PART` is how many channels that is. */
    static constexpr bool TWO_POSITIONS = POSITIONS == 2 * THREADS;
    static constexpr int PART = TWO_POSITIONS ? CHUNK : CHUNK / 2;

    static constexpr int VECTOR = 16 / sizeof(R);
    static constexpr int COLUMN_VECTORS = COLUMN_VECTORS_;
    static constexpr int COLUMNS = COLUMN_VECTORS * LANES * VECTOR;
    static constexpr int TAP_WEIGHTS = CHUNK * COLUMNS;

    /* That a multiprocessor shall have registers for. */
    static constexpr int BLOCKS = COLUMN_VECTORS == 1                           ? 5
                                  : WINDOW == DBLK_WINDOW_3X3 && sizeof(R) == 4 ? 4
                                                                                : 3;

    struct shared_memory {
        R features[2][CHUNK][POSITIONS];
        R weights[2][TAPS * TAP_WEIGHTS];
    };

    /* A thread's sums: its pixels, times its columns. */
    using sums = R[RUN][COLUMN_VECTORS][VECTOR];
};

/* From one product of matrices to the next, in elements. */
struct direct_steps {
    int64_t features, weights, sums;
};

/* struct dblk_direct_convolution, as the kernel wants it. */
template <typename T> struct direct_arguments {
    using R = typename dblk_real<T>::type;
    const T *features; /* the first channel to read, of the first pixel */
    T *output;         /* the first channel to write, likewise */
    int64_t feature_pitch, output_pitch;
    const R *weights;
    R *sums;
    int64_t sums_stride, sums_from;
    direct_steps steps;
    int images, height, width;
    int kernel_height, kernel_width;
    int channels, chunks;
    int columns, finished, unfinished;
    int tile_rows, tile_groups, halo_stride;
    int halo_positions; /* that the tile needs */
    unsigned column_tiles, group_tiles;
    int feature_bytes;   /* that one access may read: 16, 8, or those of an element */
    bool output_vectors; /* as many elements as 16 bytes of sums become are stored at once */
    bool adds;           /* to what the output is */
};

/* Where a block works: its tile of columns, and its first pixel, whose row counts from the first of
 * the batch. */
struct direct_place {
    int column_tile;
    int row, column;
};

template <typename T>
__device__ direct_place find_place(const direct_arguments<T> &a, unsigned block) {
    const unsigned pixel_tile = block / a.column_tiles;
    return {static_cast<int>(block % a.column_tiles),
            static_cast<int>(pixel_tile / a.group_tiles) * a.tile_rows,
            static_cast<int>(pixel_tile % a.group_tiles) * a.tile_groups * RUN};
}

#endif
