/* The direct convolution on tensor cores: the same sums as direct.h's, by matrix instructions of sm_80
 * and later. C can call it.
 *
 * Operands are rounded to what the matrix instructions take, and added in f32. Packed weights lie in the
 * order in which the matrix instructions take them, one column tile after the other; mma.sync, from a
 * warp's lanes, and wgmma, from shared memory:
 *
 *     [column tiles][chunks of channels][kh * kw taps][steps][parts][16 columns][32 lanes][16 bytes]
 *     [column tiles][chunks of channels][kh * kw taps][steps][parts][8 columns][2 halves of a step]
 *         [column][16 bytes]
 *
 * A step is 32 bytes of channels of a pixel: 16 channels of 16 bits, 8 of f32. What there is no channel
 * or column for is zero. */
#ifndef DENSEBLOCK_CUDA_TENSOR_H
#define DENSEBLOCK_CUDA_TENSOR_H

#include "direct.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is multiplied. */
enum dblk_tensor_form {
    DBLK_TENSOR_F16,
    DBLK_TENSOR_BF16,
    DBLK_TENSOR_TF32, /* f32 tensors, operands rounded to TF32 */
    DBLK_TENSOR_TF32X3 /* f32 tensors, each operand as the sum of two of TF32: three products, whose
                          error is near that of f32 */
};

/* A block of threads goes through windows: taps for which one halo of features is enough.
 *
 *   1x1   one tap
 *   3x3   nine taps, from one halo, which needs two rows of the plane beside the tile
 *   row   any kernel: up to three taps of one of its rows
 *
 * and there is one for products of matrices, which are 1x1 without a ReLU. */
enum dblk_tensor_window {
    DBLK_TENSOR_1X1,
    DBLK_TENSOR_3X3,
    DBLK_TENSOR_ROW,
    DBLK_TENSOR_PRODUCT
};

/* What a block computes: so many pixels of the batch, one after the other, for 128 columns, or 64 where a
 * product takes three instructions, or, in the narrow tile, 32. */
enum { DBLK_TENSOR_PIXELS = 256, DBLK_TENSOR_NARROW = 32, DBLK_TENSOR_MOST_STAGES = 4 };

/* By which matrix instructions. */
enum dblk_tensor_instructions {
    DBLK_TENSOR_MMA,  /* sm_80 and later */
    DBLK_TENSOR_WGMMA /* sm_90a alone; nothing has run on a GPU yet */
};

/* Whether wgmma's kernels have been built. */
bool dblk_tensor_has_wgmma(void);

/* How a convolution is computed. */
struct dblk_tensor_way {
    enum dblk_tensor_form form;
    enum dblk_tensor_instructions instructions;
    enum dblk_tensor_window window;
    int tile_columns;
    int stages; /* windows in shared memory: 2 to DBLK_TENSOR_MOST_STAGES */

    /* The channels are dealt out to so many blocks of threads for each tile, so that few tiles keep
     * many multiprocessors busy; what they sum up is added in a second launch, always in the same
     * order. */
    int splits;
};

/* Splits that there can be, at most. */
int64_t dblk_tensor_most_splits(const struct dblk_tensor_way *way, int64_t channels);

/* Bytes for the sums of all splits, of so many pixels; 0 for one split, SIZE_MAX where they overflow. */
size_t dblk_tensor_parts_bytes(const struct dblk_tensor_way *way, int64_t pixels,
                               int64_t columns);

/* Bytes of the packed weights for these sizes; SIZE_MAX where they overflow. */
size_t dblk_tensor_weights_bytes(const struct dblk_tensor_way *way, int64_t kernel_height,
                                 int64_t kernel_width, int64_t channels, int64_t columns);

/* Shared memory of a block, for planes of this width. */
size_t dblk_tensor_shared_bytes(const struct dblk_tensor_way *way, int64_t width);

/* The way for a kernel of this size, where a block may have so much shared memory. False where there is
 * none. */
bool dblk_tensor_find_way(enum dblk_tensor_form form, enum dblk_tensor_instructions instructions,
                          int64_t kernel_height, int64_t kernel_width, int64_t width,
                          int64_t columns, size_t shared_bytes, struct dblk_tensor_way *way);

/* Enqueues the convolution, whose type is that of the way's form, and whose tile is not looked at;
 * `parts` is memory of dblk_tensor_parts_bytes bytes. As dblk_direct_launch. */
denseblock_status dblk_tensor_launch(void *stream,
                                     const struct dblk_direct_convolution *convolution,
                                     const struct dblk_tensor_way *way, void *parts);

/* Enqueues the packing, as dblk_direct_pack. */
denseblock_status dblk_tensor_pack(void *stream, const struct dblk_direct_packing *packing,
                                   const struct dblk_tensor_way *way);

/* The way for products with so many columns; false where a block may not have the shared memory. */
bool dblk_tensor_find_product_way(enum dblk_tensor_form form,
                                  enum dblk_tensor_instructions instructions, int64_t columns,
                                  size_t shared_bytes, struct dblk_tensor_way *way);

/* Enqueues products (direct.h), whose type is that of the way's form. `way` without splits. */
denseblock_status dblk_tensor_multiply(void *stream, const struct dblk_direct_product *product,
                                       const struct dblk_tensor_way *way);

#ifdef __cplusplus
}
#endif

#endif
