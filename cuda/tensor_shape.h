/* The sizes of the tensor-core convolution, for the functions of the host and for the kernels. */
#ifndef DENSEBLOCK_CUDA_TENSOR_SHAPE_H
#define DENSEBLOCK_CUDA_TENSOR_SHAPE_H

#include "direct_shape.h"
#include "tensor.h"

/* Bytes of channels of a pixel that one matrix instruction takes, and what a pixel takes in shared
 * memory. With 16 bytes more than the channels, eight pixels that follow one another have their
 * pieces of 16 bytes in different banks, whichever the first is. */
enum { TENSOR_STEP_BYTES = 32, TENSOR_PIECE = 16, TENSOR_ZEROS = 256 };

/* Behind the zeros, where there are barriers for every stage: two of 8 bytes. */
enum { TENSOR_BARRIERS = 16 * DBLK_TENSOR_MOST_STAGES };

DBLK_SHAPE int dblk_tensor_steps(enum dblk_tensor_window window) {
    return window == DBLK_TENSOR_3X3 ? 1 : window == DBLK_TENSOR_ROW ? 2 : 4;
}
DBLK_SHAPE int dblk_tensor_taps(enum dblk_tensor_window window) {
    return window == DBLK_TENSOR_3X3 ? 9 : window == DBLK_TENSOR_ROW ? 3 : 1;
}
DBLK_SHAPE int dblk_tensor_pitch(enum dblk_tensor_window window) {
    return dblk_tensor_steps(window) * TENSOR_STEP_BYTES + TENSOR_PIECE;
}

DBLK_SHAPE int dblk_tensor_element_bytes(enum dblk_tensor_form form) {
    return form == DBLK_TENSOR_F16 || form == DBLK_TENSOR_BF16 ? 2 : 4;
}
DBLK_SHAPE int dblk_tensor_chunk(enum dblk_tensor_form form, enum dblk_tensor_window window) {
    return dblk_tensor_steps(window) * TENSOR_STEP_BYTES / dblk_tensor_element_bytes(form);
}
DBLK_SHAPE int dblk_tensor_parts(enum dblk_tensor_form form) {
    return form == DBLK_TENSOR_TF32X3 ? 2 : 1;
}

/* Columns of the wide tile: a thread has registers for its sums, and for all parts of its operands. */
DBLK_SHAPE int dblk_tensor_wide(enum dblk_tensor_form form) {
    return form == DBLK_TENSOR_TF32X3 ? 64 : 128;
}

/* Packed weights of one tap and chunk. */
DBLK_SHAPE int dblk_tensor_tap_bytes(enum dblk_tensor_form form, enum dblk_tensor_window window,
                                     int columns) {
    return dblk_tensor_steps(window) * dblk_tensor_parts(form) * columns * TENSOR_STEP_BYTES;
}

/* From one pixel's sums of a split to the next's. */
DBLK_SHAPE int64_t dblk_tensor_parts_stride(int64_t columns) {
    return (columns + DBLK_DIRECT_COLUMN_ALIGNMENT - 1) / DBLK_DIRECT_COLUMN_ALIGNMENT *
           DBLK_DIRECT_COLUMN_ALIGNMENT;
}

/* Pixels of a halo: the tile's, and those before and after that its taps reach. */
DBLK_SHAPE int64_t dblk_tensor_positions(enum dblk_tensor_window window, int64_t width) {
    return DBLK_TENSOR_PIXELS + (window == DBLK_TENSOR_3X3   ? 2 * width + 2
                                 : window == DBLK_TENSOR_ROW ? dblk_tensor_taps(window) - 1
                                                             : 0);
}

#endif
