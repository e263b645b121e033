/* The direct convolution of a dense block, fused with the ReLU before it and the concatenation
 * after it. C can call it.
 *
 * Arithmetic, partial sums and packed weights are in f64 for f64 tensors and in f32 for all others.
 * The packed weights of one convolution are
 *
 *     [column tiles][channel chunks][kh * kw taps][chunk channels][tile columns]
 *
 * zeros where the tiles and chunks are larger than what there is. */
#ifndef DENSEBLOCK_CUDA_DIRECT_H
#define DENSEBLOCK_CUDA_DIRECT_H

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every output column of a layer, and every layer's partial sums, begin at a multiple of this, so
 * that they can be read and written as vectors. */
enum { DBLK_DIRECT_COLUMN_ALIGNMENT = 4 };

/* What a block of threads computes, and for as many columns as a tile has: `rows` rows of the batch,
 * whose images follow one another without a gap, x `column_groups` runs of DBLK_DIRECT_RUN pixels
 * of a row; at most DBLK_DIRECT_RUNS runs, and no more than there is shared memory for. To a kernel
 * of one tap all pixels are one row. */
enum { DBLK_DIRECT_RUN = 8, DBLK_DIRECT_RUNS = 16 };
struct dblk_direct_tile {
    int rows, column_groups;
};

/* How the packed weights of a convolution with so many output columns are laid out. */
struct dblk_direct_layout {
    int chunk_channels;
    int tile_columns;
    int64_t chunks, column_tiles;
    size_t bytes; /* of all of it */
};

/* More pixels than this, each image counted as one beside its own, are refused. */
enum { DBLK_DIRECT_MOST_PIXELS = 1 << 30 };

struct dblk_direct_convolution {
    denseblock_type type;
    int64_t images, height, width;

    /* [images,height,width,pitch]: one tensor, of which other channels are written than are read, or two
     * that do not overlap. */
    const void *features;
    void *outputs;
    int64_t feature_pitch, output_pitch;
    int64_t kernel_height, kernel_width;

    /* Reads these channels of the features, 0 or more of them. */
    int64_t first_channel, channels;

    /* Computes `columns` sums for every pixel. */
    const void *weights;
    int64_t columns;

    /* The sums begin with those at sums[pixel][sums_from + column], or with 0 where sums_from is
     * negative. They must be others than those that are written. */
    void *sums;
    int64_t sums_stride; /* from one pixel to the next; a multiple of the column alignment */
    int64_t sums_from;   /* likewise, if not negative */

    /* Columns [0, finished) are complete: they are rounded and stored at
     * outputs[pixel][output_channel + column], or, if the convolution adds, added to what is there, and
     * rounded once. Columns from `unfinished` on go to sums[pixel][column - unfinished]. What lies
     * between is padding. */
    int64_t output_channel;
    int64_t finished;
    int64_t unfinished;
    bool adds;

    struct dblk_direct_tile tile;

    /* The launches may overlap with the one before in the stream: LAUNCH_DEPENDENT
     * (kernel_language.h). All since the last ordinary launch have left the weights alone. */
    bool dependent;
};

/* Products of matrices side by side: c = a * b, or c += a * b. a[rows][inner] is of `type` and enters
 * without a ReLU, b is packed as the weights of a 1x1 kernel, c[rows][columns] is of sums, f64 for f64
 * and f32 otherwise. Strides in elements from row to row, steps from matrix to matrix; c's rows begin at
 * multiples of the column alignment, and up to the next multiple their ends are written over. */
struct dblk_direct_product {
    denseblock_type type;
    int64_t rows, inner, columns;
    const void *a, *b;
    void *c;
    int64_t a_stride, c_stride;
    int64_t a_step, c_step;
    int batch;
    bool add;
    bool dependent; /* as that of struct dblk_direct_convolution */
};

/* The first of them as a convolution of one row of pixels, whose features are a, and all of whose sums stay
 * partial. */
struct dblk_direct_convolution dblk_direct_of_product(const struct dblk_direct_product *product);

/* The layout for these sizes; `bytes` is SIZE_MAX where it overflows. */
struct dblk_direct_layout dblk_direct_layout(denseblock_type type, int64_t kernel_height,
                                             int64_t kernel_width, int64_t channels,
                                             int64_t columns);

/* The tile that wastes least of these images. */
struct dblk_direct_tile dblk_direct_tile(int64_t images, int64_t height, int64_t width,
                                         int64_t kernel_height, int64_t kernel_width);

/* DENSEBLOCK_UNSUPPORTED where a size is larger than a kernel can count in 32 bits. */
denseblock_status dblk_direct_check(const struct dblk_direct_convolution *convolution);

/* Enqueues it. DENSEBLOCK_DEVICE_FAILED; DENSEBLOCK_UNSUPPORTED where a launch cannot be so large,
 * which is so from 2^30 pixels, channels or taps in a row on; DENSEBLOCK_INVALID_ARGUMENT for a tile
 * that is none. */
denseblock_status dblk_direct_launch(void *stream,
                                     const struct dblk_direct_convolution *convolution);

/* Enqueues products of f32 or f64, for which b is packed by dblk_direct_pack. */
denseblock_status dblk_direct_multiply(void *stream, const struct dblk_direct_product *product);

/* Enqueues the packing of some channels of a kernel K[kh,kw,C,g], g columns, as the columns from
 * `column` on of packed weights for `columns`, which are zeros before. */
struct dblk_direct_packing {
    denseblock_type type;
    const void *kernel; /* device memory */
    int64_t kernel_height, kernel_width, kernel_channels, growth;
    int64_t first_channel, channels; /* those to pack */
    int64_t column, columns;
    void *packed;
};
denseblock_status dblk_direct_pack(void *stream, const struct dblk_direct_packing *packing);

#ifdef __cplusplus
}
#endif

#endif
