/* The sizes of the direct convolution's kernels, for the functions of the host that lay out weights
 * and choose tiles, and for the kernels.
 *
 * A block of threads goes through the channels in chunks. For each chunk it holds a halo of features
 * in shared memory, and goes through windows of taps that the halo serves:
 *
 *   1x1   one tap
 *   3x3   three rows of three taps, from one halo
 *   row   any other size of kernel: up to three taps of one of its rows, a halo for each window
 *
 * and there is one for products of matrices, which are 1x1 without a ReLU. */
#ifndef DENSEBLOCK_CUDA_DIRECT_SHAPE_H
#define DENSEBLOCK_CUDA_DIRECT_SHAPE_H

#include "direct.h"

#ifdef __cplusplus
#define DBLK_SHAPE constexpr
#else
#define DBLK_SHAPE static inline
#endif

enum dblk_direct_window {
    DBLK_WINDOW_1X1,
    DBLK_WINDOW_3X3,
    DBLK_WINDOW_ROW,
    DBLK_WINDOW_PRODUCT
};

DBLK_SHAPE enum dblk_direct_window dblk_direct_window_of(int64_t kernel_height,
                                                         int64_t kernel_width) {
    return kernel_height == 1 && kernel_width == 1   ? DBLK_WINDOW_1X1
           : kernel_height == 3 && kernel_width == 3 ? DBLK_WINDOW_3X3
                                                     : DBLK_WINDOW_ROW;
}

/* To which all pixels are one row. */
DBLK_SHAPE bool dblk_direct_has_one_tap(enum dblk_direct_window window) {
    return window == DBLK_WINDOW_1X1 || window == DBLK_WINDOW_PRODUCT;
}

/* Rows of windows that a halo serves, and the most taps of a window. */
DBLK_SHAPE int dblk_direct_window_rows(enum dblk_direct_window window) {
    return window == DBLK_WINDOW_3X3 ? 3 : 1;
}
DBLK_SHAPE int dblk_direct_window_taps(enum dblk_direct_window window) {
    return dblk_direct_has_one_tap(window) ? 1 : 3;
}

/* A halo has this many positions, one feature of a channel each. */
DBLK_SHAPE int dblk_direct_positions(enum dblk_direct_window window) {
    return dblk_direct_has_one_tap(window) ? 128 : 256;
}

/* A chunk of a halo is 8 KB of shared memory: 64 or 128 bytes for a thread to load. */
DBLK_SHAPE int dblk_direct_chunk(denseblock_type type, enum dblk_direct_window window) {
    return (type == DENSEBLOCK_F64 ? 1024 : 2048) / dblk_direct_positions(window);
}

/* From one row of a halo to the next: what a run needs begins at a multiple of 4 positions. */
DBLK_SHAPE int dblk_direct_row_stride(enum dblk_direct_window window, int column_groups) {
    return (column_groups * DBLK_DIRECT_RUN + dblk_direct_window_taps(window) - 1 + 3) / 4 * 4;
}

/* Rows of a halo. Where a tile goes on into the next image, 3x3 has the zeros below the one, which
 * are those above the other. */
DBLK_SHAPE int64_t dblk_direct_halo_rows(enum dblk_direct_window window, int rows, int64_t images,
                                         int64_t height) {
    if (dblk_direct_window_rows(window) == 1)
        return rows;
    const int64_t most = rows % height == 0   ? rows / height - 1
                         : height % rows == 0 ? 0
                                              : (rows - 1 + height - 1) / height;
    const int64_t boundaries = most < images - 1 ? most : images - 1;
    return rows + 2 + (boundaries > 0 ? boundaries : 0);
}

#endif
