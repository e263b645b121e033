/* Packs weights for the direct convolution, as direct.h lays them out.
 *
 * A thread for each element of the kernel that is wanted: neighbours are neighbours in both layouts,
 * up to the growth.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_direct_pack_kernel              256       0    36/6    36/6    36/6
 */
#include "cuda_check.h"
#include "direct_pack.h"
#include "element.h"
#include "grid.h"
#include "kernel_language.h"

struct pack_sizes {
    int64_t kernel_channels, growth;
    int64_t first_channel, channels;
    int64_t column;
    direct_order order;
};

template <typename T>
__global__ void dblk_direct_pack_kernel(typename dblk_real<T>::type *packed, const T *kernel,
                                        const pack_sizes sizes) {
    const int64_t count = sizes.order.taps * sizes.channels * sizes.growth;
    for (int64_t i = dblk_grid_thread(); i < count; i += dblk_grid_threads()) {
        const int64_t output = i % sizes.growth;
        const int64_t channel = i / sizes.growth % sizes.channels;
        const int64_t tap = i / sizes.growth / sizes.channels;
        const T value =
            kernel[(tap * sizes.kernel_channels + sizes.first_channel + channel) * sizes.growth +
                   output];
        packed[find_packed(sizes.order, tap, channel, sizes.column + output)] = dblk_widen(value);
    }
}

template <typename T>
static denseblock_status launch(void *stream, const struct dblk_direct_packing *p,
                                const pack_sizes &sizes) {
    LAUNCH((dblk_direct_pack_kernel<T>),
           dblk_grid_blocks(sizes.order.taps * sizes.channels * sizes.growth), DBLK_GRID_BLOCK, 0,
           static_cast<cudaStream_t>(stream),
           static_cast<typename dblk_real<T>::type *>(p->packed),
           static_cast<const T *>(p->kernel), sizes);
    return dblk_launch_check("dblk_direct_pack_kernel");
}

denseblock_status dblk_direct_pack(void *stream, const struct dblk_direct_packing *p) {
    if (p->channels == 0 || p->growth == 0)
        return DENSEBLOCK_OK;
    const struct dblk_direct_layout layout =
        dblk_direct_layout(p->type, p->kernel_height, p->kernel_width, p->channels, p->columns);
    const pack_sizes sizes = {
        p->kernel_channels, p->growth,
        p->first_channel,   p->channels,
        p->column,          direct_order_of(layout, p->kernel_height * p->kernel_width),
    };
    switch (p->type) {
    case DENSEBLOCK_F32:
        return launch<float>(stream, p, sizes);
    case DENSEBLOCK_F64:
        return launch<double>(stream, p, sizes);
    case DENSEBLOCK_F16:
        return launch<__half>(stream, p, sizes);
    case DENSEBLOCK_BF16:
        break;
    }
    return launch<__nv_bfloat16>(stream, p, sizes);
}
