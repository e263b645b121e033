/* The tensor-core convolution: which kernel, and how weights are packed for it.
 *
 * Packing: a thread for each element of the kernel that is wanted.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_pack_kernel              256       0    34/6    34/6    32/8
 */
#include "cuda_check.h"
#include "element.h"
#include "grid.h"
#include "ptx.h"
#include "tensor_forms.h"
#include "tensor_kernel.h"
#include "tensor_pack.h"

/* The largest power of two up to 16 that divides both. */
static int access_bytes(const void *first, int64_t stride) {
    const uintptr_t all =
        reinterpret_cast<uintptr_t>(first) | static_cast<uintptr_t>(stride) | 16;
    return static_cast<int>(all & (~all + 1));
}

bool dblk_tensor_has_wgmma(void) {
#ifdef DENSEBLOCK_BUILD_WGMMA
    return true;
#else
    return false;
#endif
}

static denseblock_status launch(void *stream, const tensor_arguments &a,
                                const struct dblk_tensor_way *way, int products) {
    static dblk_tensor_launcher *const mma[] = {dblk_tensor_launch_f16, dblk_tensor_launch_bf16,
                                                dblk_tensor_launch_tf32,
                                                dblk_tensor_launch_tf32x3};
#ifdef DENSEBLOCK_BUILD_WGMMA
    static dblk_tensor_launcher *const wgmma[] = {
        dblk_tensor_wgmma_launch_f16, dblk_tensor_wgmma_launch_bf16,
        dblk_tensor_wgmma_launch_tf32, dblk_tensor_wgmma_launch_tf32x3};
    if (way->instructions == DBLK_TENSOR_WGMMA)
        return wgmma[way->form](stream, a, way, products);
#endif
    return mma[way->form](stream, a, way, products);
}

/* `c` has the sizes that a kernel can count. */
static tensor_arguments arguments_of(const struct dblk_direct_convolution *c,
                                     const struct dblk_tensor_way *way) {
    const int size = dblk_tensor_element_bytes(way->form);
    tensor_arguments a = {};
    a.features = static_cast<const unsigned char *>(c->features) + c->first_channel * size;
    a.feature_pitch = c->feature_pitch * size;
    a.output = static_cast<unsigned char *>(c->outputs) + c->output_channel * size;
    a.output_pitch = c->output_pitch * size;
    a.weights = static_cast<const unsigned char *>(c->weights);
    a.sums = static_cast<float *>(c->sums);
    a.sums_stride = c->sums_stride;
    a.sums_from = c->sums_from;
    a.pixels = static_cast<int>(c->images * c->height * c->width);
    a.height = static_cast<int>(c->height);
    a.width = static_cast<int>(c->width);
    a.kernel_height = static_cast<int>(c->kernel_height);
    a.kernel_width = static_cast<int>(c->kernel_width);
    a.channels = static_cast<int>(c->channels);
    a.columns = static_cast<int>(c->columns);
    a.finished = static_cast<int>(c->finished < c->columns ? c->finished : c->columns);
    a.unfinished = static_cast<int>(c->unfinished < c->columns ? c->unfinished : c->columns);
    a.feature_bytes = access_bytes(a.features, a.feature_pitch);
    a.output_bytes = access_bytes(a.output, a.output_pitch);
    a.adds = c->adds;
    a.dependent = c->dependent;
    return a;
}

denseblock_status dblk_tensor_launch(void *stream, const struct dblk_direct_convolution *c,
                                     const struct dblk_tensor_way *way, void *parts) {
    if (c->images == 0 || c->columns == 0)
        return DENSEBLOCK_OK;
    denseblock_status status = dblk_direct_check(c);
    if (status != DENSEBLOCK_OK)
        return status;
    tensor_arguments a = arguments_of(c, way);
    a.parts = static_cast<float *>(parts);
    status = launch(stream, a, way, 1);
    if (status != DENSEBLOCK_OK || dblk_tensor_parts_bytes(way, a.pixels, a.columns) == 0)
        return status;
    return dblk_tensor_combine(stream, c, way, a.parts);
}

denseblock_status dblk_tensor_multiply(void *stream, const struct dblk_direct_product *p,
                                       const struct dblk_tensor_way *way) {
    if (p->rows == 0 || p->columns == 0 || p->batch == 0)
        return DENSEBLOCK_OK;
    const struct dblk_direct_convolution c = dblk_direct_of_product(p);
    const denseblock_status status = dblk_direct_check(&c);
    if (status != DENSEBLOCK_OK)
        return status;
    tensor_arguments a = arguments_of(&c, way);
    a.product_features = p->a_step * dblk_tensor_element_bytes(way->form);
    a.product_sums = p->c_step;
    a.feature_bytes = access_bytes(a.features, a.feature_pitch | a.product_features);
    return launch(stream, a, way, p->batch);
}

struct tensor_pack_sizes {
    int64_t kernel_channels, growth;
    int64_t first_channel, channels;
    int64_t column;
    tensor_order order;
};

template <typename T> __device__ void store_parts(T *to, T value, int, int64_t) {
    *to = value;
}

__device__ __forceinline__ void store_parts(float *to, float value, int parts,
                                            int64_t part_stride) {
    const float high = __uint_as_float(f32_to_tf32(value));
    *to = high;
    if (parts == 2)
        to[part_stride] = __uint_as_float(f32_to_tf32(value - high)); /* kernels are finite */
}

template <typename T>
__global__ void dblk_tensor_pack_kernel(T *packed, const T *kernel,
                                        const tensor_pack_sizes sizes) {
    const int64_t count = sizes.order.taps * sizes.channels * sizes.growth;
    for (int64_t i = dblk_grid_thread(); i < count; i += dblk_grid_threads()) {
        const int64_t output = i % sizes.growth;
        const int64_t channel = i / sizes.growth % sizes.channels;
        const int64_t tap = i / sizes.growth / sizes.channels;
        const int64_t from =
            (tap * sizes.kernel_channels + sizes.first_channel + channel) * sizes.growth + output;
        int64_t part_stride;
        const int64_t to =
            find_packed<T>(sizes.order, tap, channel, sizes.column + output, &part_stride);
        store_parts(packed + to, kernel[from], sizes.order.parts, part_stride);
    }
}

template <typename T>
static denseblock_status pack(void *stream, const struct dblk_direct_packing *p,
                              const tensor_pack_sizes &sizes) {
    LAUNCH((dblk_tensor_pack_kernel<T>),
           dblk_grid_blocks(sizes.order.taps * sizes.channels * sizes.growth), DBLK_GRID_BLOCK, 0,
           static_cast<cudaStream_t>(stream), static_cast<T *>(p->packed),
           static_cast<const T *>(p->kernel), sizes);
    return dblk_launch_check("dblk_tensor_pack_kernel");
}

denseblock_status dblk_tensor_pack(void *stream, const struct dblk_direct_packing *p,
                                   const struct dblk_tensor_way *way) {
    if (p->channels == 0 || p->growth == 0)
        return DENSEBLOCK_OK;
    const tensor_pack_sizes sizes = {
        p->kernel_channels, p->growth,
        p->first_channel,   p->channels,
        p->column,          tensor_order_of(way, p->kernel_height * p->kernel_width, p->channels),
    };
    switch (way->form) {
    case DBLK_TENSOR_F16:
        return pack<__half>(stream, p, sizes);
    case DBLK_TENSOR_BF16:
        return pack<__nv_bfloat16>(stream, p, sizes);
    case DBLK_TENSOR_TF32:
    case DBLK_TENSOR_TF32X3:
        break;
    }
    return pack<float>(stream, p, sizes);
}
