/* What the cpu backend needs of an instruction set: a table of functions, made several times from
 * the same source (kernel_table.h), once for each width of vector. */
#ifndef DENSEBLOCK_HOST_KERNELS_H
#define DENSEBLOCK_HOST_KERNELS_H

#include "denseblock.h"

/* Output channels are computed in panels of 1 to 3 vectors. */
enum { DBLK_MOST_PANEL = 3 };

/* sums[p][o] (+)= sum over taps i, j and channels c of a[p,i,j,c] * b[i,j,c,o], for a run of
 * pixels p and the output channels o of one panel. "Real" is the type of a, b and sums: f64 for
 * f64 tensors, f32 for all others. Strides are in reals. */
struct dblk_gemm {
    const void *a; /* channel 0 of the first pixel's first tap */
    ptrdiff_t pixel_stride;
    ptrdiff_t tap_row_stride, tap_column_stride;
    int64_t tap_rows, tap_columns;
    int64_t depth; /* channels */
    const void *b; /* [tap_rows][tap_columns][depth][panel], aligned to a vector */
    void *sums;
    ptrdiff_t sums_stride; /* from pixel to pixel */
    bool accumulate;       /* add to what is in sums */
    const void *a_ahead;   /* what the next product will begin with; NULL for nothing */
    bool b_ahead;          /* the next product's b is behind this one; only for one tap */
};

/* F(m x m, 3x3) of Lavin and Gray 2016, arXiv 1509.09308, for f32. A tile is m x m outputs, made
 * from points x points = (m+2) x (m+2) inputs and as many products. */
struct dblk_winograd_kernels {
    int tile;   /* m */
    int points; /* m + 2 */

    /* stack[point * plane + c] = the input transform of pixels[i * row + j * column + c], which has
     * been through ReLU, for c < count. Reads and writes whole vectors: what comes of channels past
     * `count` means nothing. The next tile will go to stack + next. */
    void (*input)(const float *pixels, ptrdiff_t row, ptrdiff_t column, int64_t count,
                  float *stack, ptrdiff_t plane, ptrdiff_t next);

    /* pixels[p][o] = the output transform of products[point * plane + o], for o < count; p counts
     * the tile's pixels. Reads whole vectors, and writes them where o < writable. False if a value
     * is NaN or Inf. */
    bool (*output)(const float *products, ptrdiff_t plane, int64_t count, int64_t writable,
                   float *const *pixels);

    /* The rows of the matrix that transforms a kernel, points x 3. */
    const double (*kernel)[3];
};

struct dblk_kernels {
    const char *name;
    int lanes; /* reals in a vector */
    /* For panels of 1 to DBLK_MOST_PANEL vectors. Any number of pixels. */
    void (*gemm[DBLK_MOST_PANEL + 1])(const struct dblk_gemm *gemm, int64_t pixels);

    /* dst[p * dst_stride + c] = relu(src[p * src_stride + c]) for a run of pixels p and the channels
     * c < count: reals from a tensor's type. */
    void (*rectify)(denseblock_type type, void *dst, ptrdiff_t dst_stride, const void *src,
                    ptrdiff_t src_stride, int64_t pixels, int64_t count);
    /* The tensor's type from reals, rounded to nearest, ties to even. */
    void (*round)(denseblock_type type, void *dst, const void *src, int64_t count);
    /* dst += src: the sums, in reals, are rounded in the same way. */
    void (*add)(denseblock_type type, void *dst, const void *src, int64_t count);

    const struct dblk_winograd_kernels *winograd2, *winograd4; /* NULL for f64 */
};

extern const struct dblk_kernels dblk_kernels_portable_f32, dblk_kernels_portable_f64;
#if defined(__x86_64__)
extern const struct dblk_kernels dblk_kernels_avx2_f32, dblk_kernels_avx2_f64;
extern const struct dblk_kernels dblk_kernels_avx512_f32, dblk_kernels_avx512_f64;
#endif

#endif
