/* relu -> convolution -> concatenation, or sum, in one kernel: reads channels of a tensor, and writes
 * others, or those of another tensor.
 *
 * Implicit GEMM on the ordinary cores, in f32, or in f64 for f64. A block of 128 threads computes a
 * tile of 16 runs of 8 pixels, for 32 or 64 columns:
 *
 *   thread = 8 * run + lane    computes the 8 pixels of its run for 4 columns (f64: 2) at
 *                              4 * lane, and, if there are more, for those that are 8 lanes further
 *
 * so that a warp reads the features of 4 runs, each for 8 threads at once, and weights that lie side
 * by side. Per channel and row of 3 taps a thread reads 10 features and 3 x 8 weights, in 9
 * instructions, for 192 multiply-adds, which are 93 % of the loop's instructions, and 87 % of all.
 *
 * In shared memory there are two halos of features, as they enter the products: after the ReLU,
 * channel by channel. While one is multiplied, the other is fetched through registers, a part before
 * and after the products of a window each. The weights of a window come by asynchronous copies, while
 * those of the window before are used. What is outside the image, or beyond the channels, is zero in
 * the halo: there is no condition in the loop over products.
 *
 * Products of matrices side by side are 1x1 convolutions without the ReLU, a row of blocks for each.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_direct_kernel<float,1x1,1>      128   20480    94/5    96/5    88/5
 *   dblk_direct_kernel<float,1x1,2>      128   24576   125/4   124/4   128/4
 *   dblk_direct_kernel<float,3x3,1>      128   22528    88/5    95/5    95/5
 *   dblk_direct_kernel<float,3x3,2>      128   28672   119/4   115/4   119/4
 *   dblk_direct_kernel<float,row,1>      128   22528    96/5    96/5    96/5
 *   dblk_direct_kernel<float,row,2>      128   28672   127/4   125/4   164/3
 *   dblk_direct_kernel<float,product,1>  128   20480    96/5    96/5    88/5
 *   dblk_direct_kernel<float,product,2>  128   24576   126/4   124/4   128/4
 *   dblk_direct_kernel<double,1x1,2>     128   20480   130/3   128/4   141/3
 *   dblk_direct_kernel<double,3x3,2>     128   22528   136/3   144/3   144/3
 *   dblk_direct_kernel<double,row,2>     128   22528   144/3   154/3   154/3
 *   dblk_direct_kernel<double,product,2> 128   20480   130/3   130/3   141/3
 *   dblk_direct_kernel<half,1x1,1>       128   20480    80/6    80/6    95/5
 *   dblk_direct_kernel<half,1x1,2>       128   24576   114/4   112/4   124/4
 *   dblk_direct_kernel<half,3x3,1>       128   22528    80/6    91/5    80/6
 *   dblk_direct_kernel<half,3x3,2>       128   28672   117/4   111/4   113/4
 *   dblk_direct_kernel<half,row,1>       128   22528    94/5    96/5    96/5
 *   dblk_direct_kernel<half,row,2>       128   28672   123/4   121/4   128/4
 *   dblk_direct_kernel<bf16,1x1,1>       128   20480    80/6    80/6    95/5
 *   dblk_direct_kernel<bf16,1x1,2>       128   24576   114/4   112/4   128/4
 *   dblk_direct_kernel<bf16,3x3,1>       128   22528    80/6    91/5    80/6
 *   dblk_direct_kernel<bf16,3x3,2>       128   28672   117/4   111/4   113/4
 *   dblk_direct_kernel<bf16,row,1>       128   22528    94/5    96/5    96/5
 *   dblk_direct_kernel<bf16,row,2>       128   28672   123/4   121/4   167/3
 */
#include "direct.h"

#include <limits.h>

#include "cuda_check.h"
#include "direct_halo.h"
#include "direct_kernel.h"
#include "direct_product.h"
#include "direct_sums.h"
#include "kernel_language.h"
#include "ptx.h"
#include "status/fail.h"

/* The compiler now believes these to be new values: what was computed from the old ones is computed
 * again and takes no registers until then. */
__device__ __forceinline__ void forget(unsigned *block, int *thread) {
    asm volatile("" : "+r"(*block), "+r"(*thread));
}

template <typename T, dblk_direct_window WINDOW, int COLUMN_VECTORS>
__global__ void __launch_bounds__(THREADS, direct_constants<T, WINDOW, COLUMN_VECTORS>::BLOCKS)
    dblk_direct_kernel(const direct_arguments<T> given) {
    using S = direct_constants<T, WINDOW, COLUMN_VECTORS>;
    using R = typename S::R;
    direct_arguments<T> a = given;
    if (WINDOW == DBLK_WINDOW_PRODUCT) {
        a.features += blockIdx.y * a.steps.features;
        a.weights += blockIdx.y * a.steps.weights;
        a.sums += blockIdx.y * a.steps.sums;
    }
    SHARED_MEMORY(typename S::shared_memory, shared);

    unsigned block = blockIdx.x;
    int thread = static_cast<int>(threadIdx.x);
    const direct_place place = find_place(a, block);
    const direct_run run = find_run<S>(a, place, thread);
    const halo_positions positions = find_positions<S>(a, place, thread);
    const int lane = thread % LANES;
    const int64_t taps = static_cast<int64_t>(a.kernel_height) * a.kernel_width;
    const R *weights = a.weights + taps * place.column_tile * a.chunks * S::TAP_WEIGHTS;
    typename S::sums sums;

    direct_window window = {0, 0, 0};
    halo_features<S, T> loaded;
    if (a.chunks > 0)
        copy_weights<S>(shared.weights[0], weights, count_taps<S>(a, window));
    griddepcontrol_wait(); /* for features and sums; nobody writes weights */
    start_sums<S>(sums, a, run);
    if (a.chunks > 0) {
#pragma unroll
        for (int part = 0; part < 2; part++) {
            load_part<S>(&loaded, a, positions, window, part);
            store_part<S>(shared.features[0], loaded, thread, part);
        }
    }
    int halo = 0, buffer = 0; /* where what is multiplied now lies */
    while (window.chunk < a.chunks) {
        const int taps_now = count_taps<S>(a, window);
        advance<S>(&window, a);
        const int taps_next = count_taps<S>(a, window);
        const bool more = window.chunk < a.chunks;

#pragma unroll 1
        for (int r = 0; r < S::ROWS; r++) {
            cp_async_wait<0>();
            __syncthreads(); /* this window has come, and the one before has been used, by all */
            weights += taps_now * S::TAP_WEIGHTS;
            if (more || r < S::ROWS - 1)
                copy_weights<S>(shared.weights[buffer ^ 1], weights, taps_next);

            /* The two parts are fetched during the first two of three windows, or the two halves
             * of a single one. */
            constexpr int STEPS = S::ROWS == 1 ? 2 : 1;
            constexpr int CHANNELS = S::CHUNK / STEPS;
#pragma unroll 1
            for (int step = 0; step < STEPS; step++) {
                const int part = r + step;
                const bool fetch = more && part < 2;
                if (fetch)
                    load_part<S>(&loaded, a, positions, window, part);
                const R *features_now =
                    &shared.features[halo][step * CHANNELS][run.position] + r * a.halo_stride;
                const R *weights_now =
                    shared.weights[buffer] + step * CHANNELS * S::COLUMNS + lane * S::VECTOR;
                if (taps_now == S::TAPS)
                    multiply<S, S::TAPS, CHANNELS>(sums, features_now, weights_now);
                else if (WINDOW == DBLK_WINDOW_ROW && taps_now == 2)
                    multiply<S, 2, CHANNELS>(sums, features_now, weights_now);
                else if (WINDOW == DBLK_WINDOW_ROW)
                    multiply<S, 1, CHANNELS>(sums, features_now, weights_now);
                if (fetch)
                    store_part<S>(shared.features[halo ^ 1], loaded, thread, part);
            }
            buffer ^= 1;
        }
        halo ^= 1;
    }
    griddepcontrol_launch_dependents(); /* features have been read */

    forget(&block, &thread);
    finish_sums<S>(sums, a, find_run<S>(a, find_place(a, block), thread));
}

/* ---- The launcher ---- */

/* Convolutions that are launched at once: more than one only of matrices. */
struct direct_products {
    int count;
    direct_steps steps;
};

/* Whether all elements at multiples of `stride` can be accessed so many bytes at a time. */
static bool divides(size_t bytes, const void *first, int64_t stride, size_t element) {
    return reinterpret_cast<uintptr_t>(first) % bytes == 0 &&
           static_cast<size_t>(stride) * element % bytes == 0;
}

static int64_t divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

template <typename T, dblk_direct_window WINDOW, int COLUMN_VECTORS>
static denseblock_status launch(void *stream, const struct dblk_direct_convolution *c,
                                const struct dblk_direct_layout *layout,
                                const direct_products &products) {
    using S = direct_constants<T, WINDOW, COLUMN_VECTORS>;
    direct_arguments<T> a = {};
    a.features = static_cast<const T *>(c->features) + c->first_channel;
    a.output = static_cast<T *>(c->outputs) + c->output_channel;
    a.feature_pitch = c->feature_pitch;
    a.output_pitch = c->output_pitch;
    a.weights = static_cast<const typename S::R *>(c->weights);
    a.sums = static_cast<typename S::R *>(c->sums);
    a.sums_stride = c->sums_stride;
    a.sums_from = c->sums_from;
    a.kernel_height = static_cast<int>(c->kernel_height);
    a.kernel_width = static_cast<int>(c->kernel_width);
    a.channels = static_cast<int>(c->channels);
    a.chunks = static_cast<int>(layout->chunks);
    a.columns = static_cast<int>(c->columns);
    a.finished = static_cast<int>(c->finished < c->columns ? c->finished : c->columns);
    a.unfinished = static_cast<int>(c->unfinished < c->columns ? c->unfinished : c->columns);
    a.steps = products.steps;
    const int64_t strides = a.feature_pitch | a.steps.features;
    a.feature_bytes = divides(16, a.features, strides, sizeof(T))  ? 16
                      : divides(8, a.features, strides, sizeof(T)) ? 8
                                                                   : sizeof(T);
    a.output_vectors = divides(S::VECTOR * sizeof(T), a.output, a.output_pitch, sizeof(T));
    a.adds = c->adds;

    a.images = static_cast<int>(c->images);
    a.height = static_cast<int>(c->height);
    a.width = static_cast<int>(c->width);
    a.tile_rows = c->tile.rows;
    a.tile_groups = c->tile.column_groups;
    if (dblk_direct_has_one_tap(WINDOW)) {
        a.width *= a.images * a.height;
        a.images = a.height = 1;
        a.tile_groups *= a.tile_rows;
        a.tile_rows = 1;
    }
    a.halo_stride = dblk_direct_row_stride(WINDOW, a.tile_groups);
    const bool is_tile =
        a.tile_rows >= 1 && a.tile_groups >= 1 && a.tile_rows * a.tile_groups <= DBLK_DIRECT_RUNS;
    if (is_tile)
        a.halo_positions = static_cast<int>(
            dblk_direct_halo_rows(WINDOW, a.tile_rows, a.images, a.height) * a.halo_stride);
    if (!is_tile || a.halo_positions > S::POSITIONS)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "no tile of the direct convolution: %d x %d", c->tile.rows,
                         c->tile.column_groups);

    const int64_t group_tiles = divide_up(divide_up(a.width, RUN), a.tile_groups);
    const int64_t pixel_tiles =
        group_tiles * divide_up(static_cast<int64_t>(a.images) * a.height, a.tile_rows);
    if (pixel_tiles > INT_MAX / layout->column_tiles)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cuda backend cannot launch a convolution of this size at once");
    a.column_tiles = static_cast<unsigned>(layout->column_tiles);
    a.group_tiles = static_cast<unsigned>(group_tiles);
    LAUNCH_DEPENDENT(c->dependent, (dblk_direct_kernel<T, WINDOW, COLUMN_VECTORS>),
                     dim3(static_cast<unsigned>(pixel_tiles * layout->column_tiles),
                          static_cast<unsigned>(products.count)),
                     THREADS, sizeof(typename S::shared_memory),
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_direct_kernel");
}

template <typename T, int COLUMN_VECTORS>
static denseblock_status launch_columns(void *stream, const struct dblk_direct_convolution *c,
                                        const struct dblk_direct_layout *layout) {
    switch (dblk_direct_window_of(c->kernel_height, c->kernel_width)) {
    case DBLK_WINDOW_1X1:
        return launch<T, DBLK_WINDOW_1X1, COLUMN_VECTORS>(stream, c, layout, {1, {}});
    case DBLK_WINDOW_3X3:
        return launch<T, DBLK_WINDOW_3X3, COLUMN_VECTORS>(stream, c, layout, {1, {}});
    case DBLK_WINDOW_ROW:
    case DBLK_WINDOW_PRODUCT:
        break;
    }
    return launch<T, DBLK_WINDOW_ROW, COLUMN_VECTORS>(stream, c, layout, {1, {}});
}

template <typename T>
static denseblock_status launch_type(void *stream, const struct dblk_direct_convolution *c,
                                     const struct dblk_direct_layout *layout) {
    return layout->tile_columns == 32 ? launch_columns<T, 1>(stream, c, layout)
                                      : launch_columns<T, 2>(stream, c, layout);
}

denseblock_status dblk_direct_launch(void *stream, const struct dblk_direct_convolution *c) {
    if (c->images == 0 || c->columns == 0)
        return DENSEBLOCK_OK;
    const denseblock_status status = dblk_direct_check(c);
    if (status != DENSEBLOCK_OK)
        return status;
    const struct dblk_direct_layout layout =
        dblk_direct_layout(c->type, c->kernel_height, c->kernel_width, c->channels, c->columns);
    switch (c->type) {
    case DENSEBLOCK_F32:
        return launch_type<float>(stream, c, &layout);
    case DENSEBLOCK_F64: /* 16 bytes are two columns: a tile of 32 has two vectors for a thread */
        return launch_columns<double, 2>(stream, c, &layout);
    case DENSEBLOCK_F16:
        return launch_type<__half>(stream, c, &layout);
    case DENSEBLOCK_BF16:
        break;
    }
    return launch_type<__nv_bfloat16>(stream, c, &layout);
}

denseblock_status dblk_direct_multiply(void *stream, const struct dblk_direct_product *p) {
    if (p->rows == 0 || p->columns == 0 || p->batch == 0)
        return DENSEBLOCK_OK;
    const struct dblk_direct_convolution c = dblk_direct_of_product(p);
    const denseblock_status status = dblk_direct_check(&c);
    if (status != DENSEBLOCK_OK)
        return status;
    const struct dblk_direct_layout layout =
        dblk_direct_layout(c.type, 1, 1, c.channels, c.columns);
    const direct_products products = {
        p->batch,
        {p->a_step, static_cast<int64_t>(layout.bytes / denseblock_type_size(p->type)),
         p->c_step}};
    if (p->type == DENSEBLOCK_F64)
        return launch<double, DBLK_WINDOW_PRODUCT, 2>(stream, &c, &layout, products);
    if (p->type != DENSEBLOCK_F32)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "no products of %s on ordinary cores",
                         denseblock_type_name(p->type));
    return layout.tile_columns == 32
               ? launch<float, DBLK_WINDOW_PRODUCT, 1>(stream, &c, &layout, products)
               : launch<float, DBLK_WINDOW_PRODUCT, 2>(stream, &c, &layout, products);
}
