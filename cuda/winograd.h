/* Winograd convolution of 3x3 kernels with a kept transform: what is done beside the matrix products.
 * C can call it.
 *
 * An image is cut into tiles of `tile` x `tile` outputs, F(2x2,3x3) or F(4x4,3x3) (Lavin and Gray
 * 2016, arXiv 1509.09308), at the lower and right edges with what is outside cut off. Tiles are
 * numbered image by image, row by row. To each belong (tile + 2)^2 points:
 *
 *     stack     [points][tiles][stack_stride]      relu(features), transformed, in their type: a
 *                                                  tile's are kept for all later layers
 *     weights   [points][channels][columns]        kernels, transformed likewise
 *     products  [points][tiles][products_stride]   stack * weights, f64 for f64 and f32 otherwise,
 *                                                  which the output transform makes features of
 *
 * A tile whose convolution, as it is rounded, is not finite everywhere is computed once more, directly:
 * the reference's NaN and Inf, where the transform makes NaN of Inf, or where it overflows. */
#ifndef DENSEBLOCK_CUDA_WINOGRAD_H
#define DENSEBLOCK_CUDA_WINOGRAD_H

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Features of some images. */
struct dblk_winograd_images {
    denseblock_type type;
    int tile;             /* 2, or for f32 also 4 */
    const void *features; /* [images,height,width,feature_pitch] */
    int64_t images, height, width, feature_pitch;
    bool
        dependent; /* LAUNCH_DEPENDENT (kernel_language.h), where a forward's kernels go before */
};

static inline int dblk_winograd_points(int tile) {
    return (tile + 2) * (tile + 2);
}

static inline int64_t dblk_winograd_tiles(int tile, int64_t images, int64_t height,
                                          int64_t width) {
    return images * ((height + tile - 1) / tile) * ((width + tile - 1) / tile);
}

/* Of one call, at the most: their images' heights and widths are then an int. */
enum { DBLK_WINOGRAD_MOST_TILES = 1 << 28 };

/* Transforms the channels [first_channel, first_channel + channels) of the features into those of the
 * stack. */
struct dblk_winograd_input {
    struct dblk_winograd_images images;
    int64_t first_channel, channels;
    void *stack;
    int64_t stack_stride, stack_plane; /* from tile to tile, from point to point; elements */
    bool tf32;                         /* f32 only: the stack is rounded to TF32 */
};
denseblock_status dblk_winograd_input(void *stream, const struct dblk_winograd_input *input);

/* Transforms the columns [column, column + growth) of the products into the channels [output_channel,
 * output_channel + growth) of the outputs, which may be other channels of the features. */
struct dblk_winograd_output {
    struct dblk_winograd_images images;
    int64_t channels, growth; /* channels [0, channels) of the features are what was read */
    void *outputs;            /* [images,height,width,output_pitch] */
    int64_t output_pitch, output_channel;
    bool adds; /* to what is there: the sum is rounded once */
    const void *products;
    int64_t column, products_stride, products_plane;
    const void *kernel; /* [3,3,channels,growth], as it came */
};
denseblock_status dblk_winograd_output(void *stream, const struct dblk_winograd_output *output);

/* Both at once, in strips of so many rows of tiles: the output transform, and the input transform of the
 * channels that it has made, which are in the features and added to nothing. `input` has the same images
 * and those channels. The same results as of the two calls. */
struct dblk_winograd_between {
    struct dblk_winograd_output output;
    struct dblk_winograd_input input;
    int64_t strip_rows;
};
denseblock_status dblk_winograd_between(void *stream,
                                        const struct dblk_winograd_between *between);

/* The strips of so many channels that move fewest bytes; 0 where two calls are better. */
int64_t dblk_winograd_strip_rows(const struct dblk_winograd_images *images, int64_t growth);

/* How many times the products are read, on average, since strips share rows of tiles. */
double dblk_winograd_times_read(const struct dblk_winograd_images *images, int64_t strip_rows);

/* In which order the transformed weights of a point lie: in rows, or packed for dblk_direct_multiply
 * (direct.h; f32 and f64) or for dblk_tensor_multiply (tensor.h; not f64). */
enum dblk_winograd_order { DBLK_WINOGRAD_ROWS, DBLK_WINOGRAD_DIRECT, DBLK_WINOGRAD_TENSOR };

/* Transforms the channels [first_channel, first_channel + channels) of a kernel [3,3,kernel_channels,
 * growth] into the columns from `column` on of [points][channels][columns]; or of as many packed
 * matrices as there are points, which are zeros before. */
struct dblk_tensor_way;
struct dblk_winograd_weights {
    denseblock_type type;
    int tile;
    const void *kernel;
    int64_t kernel_channels, growth;
    int64_t first_channel, channels;
    void *transformed;
    int64_t column, columns;
    bool tf32; /* as that of the input */
    enum dblk_winograd_order order;
    const struct dblk_tensor_way *way; /* of DBLK_WINOGRAD_TENSOR: it also decides on TF32 */
};
denseblock_status dblk_winograd_weights(void *stream,
                                        const struct dblk_winograd_weights *weights);

#ifdef __cplusplus
}
#endif

#endif
