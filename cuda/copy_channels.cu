/* Copies the same channels of every pixel from one tensor to another, or adds them to what is
 * there, in pieces of 16, 8, 4 or 2 bytes, as large as addresses, strides and channels allow.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_copy_channels_kernel            256       0    26/8    25/8    25/8
 *   dblk_add_channels_kernel             256       0    30/8    31/8    31/8
 */
#include "cuda_check.h"
#include "element.h"
#include "element_vector.h"
#include "elementwise.h"
#include "grid.h"
#include "kernel_language.h"
#include "vector_access.h"

/* Strides and `pieces`, the size of a pixel's channels, in pieces. */
template <typename V>
__global__ void dblk_copy_channels_kernel(V *dst, int64_t dst_stride, const V *src,
                                          int64_t src_stride, int64_t pixels, int64_t pieces) {
    for (dblk_grid_walk at(pieces); at.outer < pixels; at.advance())
        store_vector(dst + at.outer * dst_stride + at.inner,
                     load_vector<V>(src + at.outer * src_stride + at.inner));
}

/* N elements in a piece; otherwise as above. */
template <typename T, int N>
__global__ void dblk_add_channels_kernel(T *dst, int64_t dst_stride, const T *src,
                                         int64_t src_stride, int64_t pixels, int64_t pieces) {
    for (dblk_grid_walk at(pieces); at.outer < pixels; at.advance()) {
        dblk_elements<T, N> sum, added;
        T *to = dst + (at.outer * dst_stride + at.inner) * N;
        sum.load(to);
        added.load(src + (at.outer * src_stride + at.inner) * N);
#pragma unroll
        for (int e = 0; e < N; e++)
            sum.each[e] = dblk_round<T>(dblk_widen(sum.each[e]) + dblk_widen(added.each[e]));
        sum.store(to);
    }
}

template <typename V>
static denseblock_status launch(void *stream, const struct dblk_channel_copy *c, size_t size) {
    const int64_t elements = static_cast<int64_t>(sizeof(V) / size);
    const int64_t pieces = c->channels / elements;
    LAUNCH((dblk_copy_channels_kernel<V>), dblk_grid_blocks(c->pixels * pieces), DBLK_GRID_BLOCK,
           0, static_cast<cudaStream_t>(stream), static_cast<V *>(c->dst),
           c->dst_stride / elements, static_cast<const V *>(c->src), c->src_stride / elements,
           c->pixels, pieces);
    return dblk_launch_check("dblk_copy_channels_kernel");
}

template <typename T, int N>
static denseblock_status launch_sum(void *stream, const struct dblk_channel_copy *c) {
    const int64_t pieces = c->channels / N;
    LAUNCH((dblk_add_channels_kernel<T, N>), dblk_grid_blocks(c->pixels * pieces),
           DBLK_GRID_BLOCK, 0, static_cast<cudaStream_t>(stream), static_cast<T *>(c->dst),
           c->dst_stride / N, static_cast<const T *>(c->src), c->src_stride / N, c->pixels,
           pieces);
    return dblk_launch_check("dblk_add_channels_kernel");
}

/* `all` is what the size of a piece has to divide. */
template <typename T>
static denseblock_status add(void *stream, const struct dblk_channel_copy *c, uintptr_t all) {
    if (all % 16 == 0)
        return launch_sum<T, 16 / sizeof(T)>(stream, c);
    if constexpr (sizeof(T) < 8)
        if (all % 8 == 0)
            return launch_sum<T, 8 / sizeof(T)>(stream, c);
    if constexpr (sizeof(T) < 4)
        if (all % 4 == 0)
            return launch_sum<T, 4 / sizeof(T)>(stream, c);
    return launch_sum<T, 1>(stream, c);
}

static denseblock_status add_elements(void *stream, const struct dblk_channel_copy *c,
                                      uintptr_t all) {
    switch (c->type) {
    case DENSEBLOCK_F64:
        return add<double>(stream, c, all);
    case DENSEBLOCK_F16:
        return add<__half>(stream, c, all);
    case DENSEBLOCK_BF16:
        return add<__nv_bfloat16>(stream, c, all);
    case DENSEBLOCK_F32:
        break;
    }
    return add<float>(stream, c, all);
}

denseblock_status dblk_copy_channels(void *stream, const struct dblk_channel_copy *c) {
    if (c->pixels == 0 || c->channels == 0)
        return DENSEBLOCK_OK;
    const size_t size = denseblock_type_size(c->type);
    /* The lowest bit that is set in any of them is the largest power of two that divides all. */
    const uintptr_t all =
        reinterpret_cast<uintptr_t>(c->dst) | reinterpret_cast<uintptr_t>(c->src) |
        static_cast<uintptr_t>(c->dst_stride | c->src_stride | c->channels) * size;
    if (c->adds)
        return add_elements(stream, c, all);
    if (all % 16 == 0)
        return launch<uint4>(stream, c, size);
    if (all % 8 == 0)
        return launch<uint2>(stream, c, size);
    if (all % 4 == 0)
        return launch<uint32_t>(stream, c, size);
    return launch<uint16_t>(stream, c, size);
}
