/* The transform of a Winograd convolution's kernels: in f64, since it is done once for any number of
 * executions. A thread for each channel and output.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_winograd_weights_kernel         256       0    64/4    64/4    72/3
 */
#include "direct_pack.h"
#include "grid.h"
#include "tensor_pack.h"
#include "winograd_tile.h"
#include "winograd_transform.h"

struct weights_sizes {
    int64_t kernel_channels, growth;
    int64_t first_channel, channels;
    int64_t column;
    int64_t plane; /* elements, from one point's matrix to the next */
    bool tf32;
    bool tensor;
    tensor_order fragments; /* if so */
    direct_order tiles;     /* otherwise: rows are a single tile and chunk */
};

/* Where the value of a channel and an output goes, in each matrix; see find_packed of tensor_pack.h. */
template <typename T>
__device__ __forceinline__ int64_t find_place(const weights_sizes &sizes, int64_t channel,
                                              int64_t output, int64_t *part_stride) {
    *part_stride = 0;
    if constexpr (sizeof(T) <= sizeof(float))
        if (sizes.tensor)
            return find_packed<T>(sizes.fragments, 0, channel, sizes.column + output,
                                  part_stride);
    return find_packed(sizes.tiles, 0, channel, sizes.column + output);
}

template <typename T, int TILE>
__global__ void dblk_winograd_weights_kernel(T *transformed, const T *kernel,
                                             const weights_sizes sizes) {
    using R = typename dblk_real<T>::type;
    using transform = winograd_transform<TILE>;
    constexpr int POINTS = transform::POINTS;
    const int64_t kernel_plane = sizes.kernel_channels * sizes.growth;
    for (dblk_grid_walk at(sizes.growth); at.outer < sizes.channels; at.advance()) {
        const T *from = kernel + (sizes.first_channel + at.outer) * sizes.growth + at.inner;
        double columns[3 * POINTS];
#pragma unroll
        for (int column = 0; column < 3; column++) {
            double taps[3];
#pragma unroll
            for (int row = 0; row < 3; row++)
                taps[row] = dblk_widen(from[(row * 3 + column) * kernel_plane]);
            transform::kernel(taps, 1, columns + column, 3);
        }
        int64_t part_stride;
        T *to = transformed + find_place<T>(sizes, at.outer, at.inner, &part_stride);
#pragma unroll
        for (int row = 0; row < POINTS; row++) {
            double points[POINTS];
            transform::kernel(columns + row * 3, 1, points, 1);
#pragma unroll
            for (int column = 0; column < POINTS; column++) {
                const R value = static_cast<R>(points[column]);
                const T high = winograd_round<T>(value, sizes.tf32);
                T *place = to + (row * POINTS + column) * sizes.plane;
                *place = high;
                if (sizes.fragments.parts == 2)
                    place[part_stride] = winograd_round<T>(value - dblk_widen(high), sizes.tf32);
            }
        }
    }
}

/* What follows from the order, for elements of so many bytes. */
static void set_order(weights_sizes *sizes, const struct dblk_winograd_weights *c, size_t size) {
    size_t bytes;
    switch (c->order) {
    case DBLK_WINOGRAD_TENSOR:
        sizes->tf32 = true; /* which only f32 looks at */
        sizes->tensor = true;
        sizes->fragments = tensor_order_of(c->way, 1, c->channels);
        bytes = dblk_tensor_weights_bytes(c->way, 1, 1, c->channels, c->columns);
        break;
    case DBLK_WINOGRAD_DIRECT: {
        const struct dblk_direct_layout layout =
            dblk_direct_layout(c->type, 1, 1, c->channels, c->columns);
        sizes->tiles = direct_order_of(layout, 1);
        bytes = layout.bytes;
        break;
    }
    case DBLK_WINOGRAD_ROWS:
    default:
        sizes->tiles = {1, 1, c->channels, c->columns};
        bytes = static_cast<size_t>(c->channels * c->columns) * size;
        break;
    }
    sizes->plane = static_cast<int64_t>(bytes / size);
}

template <typename T, int TILE>
static denseblock_status launch(void *stream, const struct dblk_winograd_weights *c) {
    weights_sizes sizes = {};
    sizes.kernel_channels = c->kernel_channels;
    sizes.growth = c->growth;
    sizes.first_channel = c->first_channel;
    sizes.channels = c->channels;
    sizes.column = c->column;
    sizes.tf32 = c->tf32;
    set_order(&sizes, c, sizeof(T));
    LAUNCH((dblk_winograd_weights_kernel<T, TILE>), dblk_grid_blocks(c->channels * c->growth),
           DBLK_GRID_BLOCK, 0, static_cast<cudaStream_t>(stream),
           static_cast<T *>(c->transformed), static_cast<const T *>(c->kernel), sizes);
    return dblk_launch_check("dblk_winograd_weights_kernel");
}

denseblock_status dblk_winograd_weights(void *stream, const struct dblk_winograd_weights *c) {
    if (c->channels == 0 || c->growth == 0)
        return DENSEBLOCK_OK;
    return WINOGRAD_LAUNCH(launch, c->type, c->tile, stream, c);
}
