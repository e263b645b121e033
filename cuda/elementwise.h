/* Small kernels that move or look at elements. C can call them. All enqueue on `stream`, and where the
 * launch fails return what cuda_check.h says, with the kernel's name. */
#ifndef DENSEBLOCK_CUDA_ELEMENTWISE_H
#define DENSEBLOCK_CUDA_ELEMENTWISE_H

#include "denseblock.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copies `channels` channels of every pixel, or adds them to what is there, with one rounding;
 * strides from pixel to pixel in elements. The concatenation that copies, and x into y. */
struct dblk_channel_copy {
    denseblock_type type;
    void *dst;
    int64_t dst_stride;
    const void *src;
    int64_t src_stride;
    int64_t pixels, channels;
    bool adds;
};
denseblock_status dblk_copy_channels(void *stream, const struct dblk_channel_copy *copy);

/* dst[i] = src[i], rounded to nearest, ties to even, as denseblock_convert does. */
denseblock_status dblk_convert_elements(void *stream, denseblock_type dst_type, void *dst,
                                        denseblock_type src_type, const void *src, int64_t count);

/* *first becomes the smallest `base` + i for which elements[i] is NaN or Inf, if that is less than
 * what it is. */
denseblock_status dblk_find_not_finite(void *stream, denseblock_type type, const void *elements,
                                       int64_t count, uint64_t base, uint64_t *first);

/* The matrix of a convolution as a product: for each of `pixels` pixels of the batch from
 * `first_pixel` on, a row [kh * kw * channels] of relu(y), zeros where a tap is outside the
 * image; rows `dst_stride` elements apart. */
struct dblk_im2col {
    denseblock_type type;
    const void *y; /* [images,height,width,pixel_stride] */
    int64_t height, width, pixel_stride;
    int64_t kernel_height, kernel_width, channels; /* channels [0, channels) of y */
    int64_t first_pixel, pixels;
    void *dst;
    int64_t dst_stride;
};
denseblock_status dblk_im2col(void *stream, const struct dblk_im2col *im2col);

#ifdef __cplusplus
}
#endif

#endif
