/* The output transform of a Winograd convolution: products of tiles into y, at the layer's channels.
 *
 * A thread for every tile and column, or for two columns of 16 bits: neighbouring threads have
 * neighbouring columns, in the products and in y.
 *
 * Where any output of a thread, as it is rounded, is not finite, it computes all of its outputs
 * directly from y and the kernel as it came. That is as slow as it is rare: the features that a NaN or
 * an Inf has reached, and those that overflow, or do when they are transformed. Nobody else has to
 * know of it.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_winograd_output_kernel          256       0    64/4    64/4    56/4
 */
#include "element.h"
#include "element_vector.h"
#include "grid.h"
#include "ptx.h"
#include "winograd_tile.h"
#include "winograd_transform.h"

template <typename T> struct output_arguments {
    using R = typename dblk_real<T>::type;
    winograd_plane plane;
    T *y; /* the first pixel */
    int64_t channels, growth;
    int64_t vectors;   /* of columns */
    const R *products; /* the layer's first column */
    int64_t products_stride, products_plane;
    const T *kernel;
};

template <typename T>
__device__ __forceinline__ T *find_output(const output_arguments<T> &a, int64_t image, int row,
                                          int column, int64_t output) {
    return a.y + find_pixel(a.plane, image, row, column) * a.plane.pixel_stride + a.channels +
           output;
}

/* An output of a pixel, as the formula says. */
template <typename T>
__device__ __forceinline__ void compute_directly(const output_arguments<T> &a, int64_t image,
                                                 int row, int column, int64_t output) {
    typename dblk_real<T>::type sum = 0;
#pragma unroll 1
    for (int tap = 0; tap < 9; tap++) {
        const int y = row + tap / 3 - 1, x = column + tap % 3 - 1;
        if (!is_inside(a.plane, y, x))
            continue;
        const T *features = a.y + find_pixel(a.plane, image, y, x) * a.plane.pixel_stride;
        const T *kernel = a.kernel + tap * a.channels * a.growth + output;
#pragma unroll 1
        for (int64_t c = 0; c < a.channels; c++)
            sum += dblk_relu(dblk_widen(features[c])) * dblk_widen(kernel[c * a.growth]);
    }
    *find_output(a, image, row, column, output) = dblk_round<T>(sum);
}

template <typename T, int TILE, int N>
__global__ void __launch_bounds__(DBLK_GRID_BLOCK, 4)
    dblk_winograd_output_kernel(const output_arguments<T> a) {
    using R = typename dblk_real<T>::type;
    using transform = winograd_transform<TILE>;
    constexpr int POINTS = transform::POINTS;
    dblk_grid_walk at(a.vectors);
    griddepcontrol_wait();
    griddepcontrol_launch_dependents(); /* blocks are short: where the last ones leave room */
    for (; at.outer < a.plane.tiles; at.advance()) {
        const winograd_place place = find_tile<TILE>(a.plane, static_cast<unsigned>(at.outer));
        const int64_t output = at.inner * N;
        const R *products = a.products + at.outer * a.products_stride + output;
        R columns[N][TILE * POINTS];
#pragma unroll
        for (int column = 0; column < POINTS; column++) {
            R points[N][POINTS];
#pragma unroll
            for (int row = 0; row < POINTS; row++) {
                dblk_elements<R, N> elements;
                elements.load(products + (row * POINTS + column) * a.products_plane);
#pragma unroll
                for (int e = 0; e < N; e++)
                    points[e][row] = elements.each[e];
            }
#pragma unroll
            for (int e = 0; e < N; e++)
                transform::output(points[e], 1, columns[e] + column, POINTS);
        }

        R zeros = 0; /* as long as everything is finite */
#pragma unroll
        for (int row = 0; row < TILE; row++) {
            R results[N][TILE];
#pragma unroll
            for (int e = 0; e < N; e++)
                transform::output(columns[e] + row * POINTS, 1, results[e], 1);
#pragma unroll
            for (int column = 0; column < TILE; column++) {
                dblk_elements<T, N> elements;
#pragma unroll
                for (int e = 0; e < N; e++) {
                    elements.each[e] = dblk_round<T>(results[e][column]);
                    zeros += dblk_widen(elements.each[e]) * 0;
                }
                const int y = place.row + row, x = place.column + column;
                if (y < a.plane.height && x < a.plane.width)
                    elements.store(find_output(a, place.image, y, x, output));
            }
        }
        if (zeros == 0)
            continue;
#pragma unroll 1
        for (int i = 0; i < TILE * TILE * N; i++) {
            const int y = place.row + i / N / TILE, x = place.column + i / N % TILE;
            if (y < a.plane.height && x < a.plane.width)
                compute_directly(a, place.image, y, x, output + i % N);
        }
    }
}

template <typename T, int TILE, int N>
static denseblock_status launch_vectors(void *stream, bool dependent,
                                        const output_arguments<T> &a) {
    LAUNCH_DEPENDENT(dependent, (dblk_winograd_output_kernel<T, TILE, N>),
                     dblk_grid_blocks(a.plane.tiles * a.vectors), DBLK_GRID_BLOCK, 0,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_winograd_output_kernel");
}

template <typename T, int TILE>
static denseblock_status launch(void *stream, const struct dblk_winograd_output *c,
                                const winograd_plane &plane) {
    using R = typename dblk_real<T>::type;
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    output_arguments<T> a = {plane,
                             static_cast<T *>(c->images.y),
                             c->channels,
                             c->growth,
                             c->growth,
                             static_cast<const R *>(c->products) + c->column,
                             c->products_stride,
                             c->products_plane,
                             static_cast<const T *>(c->kernel)};
    const bool pairs =
        is_aligned(a.y + c->channels, PAIR) && is_aligned(a.products, PAIR) &&
        (plane.pixel_stride | c->growth | c->products_stride | c->products_plane) % PAIR == 0;
    if (!pairs)
        return launch_vectors<T, TILE, 1>(stream, c->images.dependent, a);
    a.vectors /= PAIR;
    return launch_vectors<T, TILE, PAIR>(stream, c->images.dependent, a);
}

denseblock_status dblk_winograd_output(void *stream, const struct dblk_winograd_output *c) {
    winograd_plane plane;
    if (c->images.images == 0 || c->growth == 0)
        return DENSEBLOCK_OK;
    const denseblock_status status = find_plane(&c->images, &plane);
    if (status != DENSEBLOCK_OK)
        return status;
    return WINOGRAD_LAUNCH(launch, c->images.type, c->images.tile, stream, c, plane);
}
