/* Rows of a matrix that make a convolution a product: every tap of a pixel, after the ReLU.
 *
 * A warp for each pixel, whose lanes go through the pixel's row together, in pieces of 16 or 8 bytes
 * where addresses, strides and channels allow, else element by element.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_im2col_kernel                   256       0    40/6    48/5    48/5
 */
#include "cuda_check.h"
#include "element.h"
#include "element_vector.h"
#include "elementwise.h"
#include "kernel_language.h"

enum { LANES = 32, WARPS = 8 };

struct im2col_sizes {
    int64_t height, width, pixel_stride;
    int64_t kernel_height, kernel_width;
    int64_t pieces; /* of the channels of a tap */
    int64_t first_pixel, pixels, dst_stride;
};

/* Where a lane is in the row of its pixel. */
struct im2col_place {
    int64_t row, column; /* of the tap */
    int64_t piece;
};

/* Goes on by so many rows, columns and pieces, of which the last two are less than there are. */
__device__ __forceinline__ void advance(im2col_place *at, const im2col_place &step,
                                        const im2col_sizes &sizes) {
    at->piece += step.piece;
    at->column += step.column;
    at->row += step.row;
    if (at->piece >= sizes.pieces) {
        at->piece -= sizes.pieces;
        at->column++;
    }
    if (at->column >= sizes.kernel_width) {
        at->column -= sizes.kernel_width;
        at->row++;
    }
}

__device__ im2col_place find_place(int64_t piece, const im2col_sizes &sizes) {
    const int64_t tap = piece / sizes.pieces;
    return {tap / sizes.kernel_width, tap % sizes.kernel_width, piece % sizes.pieces};
}

template <typename T, int COUNT>
__global__ void __launch_bounds__(LANES *WARPS)
    dblk_im2col_kernel(T *dst, const T *y, const im2col_sizes sizes) {
    const im2col_place begin = find_place(threadIdx.x % LANES, sizes);
    const im2col_place step = find_place(LANES, sizes);
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / LANES;
         i < sizes.pixels; i += static_cast<int64_t>(gridDim.x) * WARPS) {
        const int64_t pixel = sizes.first_pixel + i;
        const int64_t top = pixel / sizes.width % sizes.height - (sizes.kernel_height - 1) / 2;
        const int64_t left = pixel % sizes.width - (sizes.kernel_width - 1) / 2;
        const int64_t corner =
            pixel - (sizes.kernel_height - 1) / 2 * sizes.width - (sizes.kernel_width - 1) / 2;
        T *to = dst + i * sizes.dst_stride + threadIdx.x % LANES * COUNT;
        for (im2col_place at = begin; at.row < sizes.kernel_height; advance(&at, step, sizes)) {
            const bool inside = top + at.row >= 0 && top + at.row < sizes.height &&
                                left + at.column >= 0 && left + at.column < sizes.width;
            dblk_elements<T, COUNT> piece;
            piece.whole = {};
            if (inside) {
                const int64_t from = corner + at.row * sizes.width + at.column;
                piece.load(y + from * sizes.pixel_stride + at.piece * COUNT);
            }
#pragma unroll
            for (int e = 0; e < COUNT; e++)
                piece.each[e] = dblk_relu_element(piece.each[e]);
            piece.store(to);
            to += LANES * COUNT;
        }
    }
}

template <typename T, int COUNT>
static denseblock_status launch(void *stream, const struct dblk_im2col *c) {
    const im2col_sizes sizes = {
        c->height,           c->width,       c->pixel_stride, c->kernel_height, c->kernel_width,
        c->channels / COUNT, c->first_pixel, c->pixels,       c->dst_stride,
    };
    const int64_t blocks = (c->pixels - 1) / WARPS + 1;
    LAUNCH((dblk_im2col_kernel<T, COUNT>), static_cast<unsigned>(blocks < 8192 ? blocks : 8192),
           LANES * WARPS, 0, static_cast<cudaStream_t>(stream), static_cast<T *>(c->dst),
           static_cast<const T *>(c->y), sizes);
    return dblk_launch_check("dblk_im2col_kernel");
}

template <typename T>
static denseblock_status launch_type(void *stream, const struct dblk_im2col *c) {
    const uintptr_t all =
        reinterpret_cast<uintptr_t>(c->dst) | reinterpret_cast<uintptr_t>(c->y) |
        static_cast<uintptr_t>(c->dst_stride | c->pixel_stride | c->channels) * sizeof(T);
    if (all % 16 == 0)
        return launch<T, 16 / sizeof(T)>(stream, c);
    if (all % 8 == 0)
        return launch<T, 8 / sizeof(T)>(stream, c);
    return launch<T, 1>(stream, c);
}

denseblock_status dblk_im2col(void *stream, const struct dblk_im2col *c) {
    if (c->pixels == 0 || c->channels == 0)
        return DENSEBLOCK_OK;
    switch (c->type) {
    case DENSEBLOCK_F32:
        return launch_type<float>(stream, c);
    case DENSEBLOCK_F64:
        return launch_type<double>(stream, c);
    case DENSEBLOCK_F16:
        return launch_type<__half>(stream, c);
    case DENSEBLOCK_BF16:
        break;
    }
    return launch_type<__nv_bfloat16>(stream, c);
}
