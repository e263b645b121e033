/* The output transform of a tile: of its products, or where what they make is not finite directly, into
 * wherever its outputs shall be. */
#ifndef DENSEBLOCK_CUDA_WINOGRAD_OUTPUT_H
#define DENSEBLOCK_CUDA_WINOGRAD_OUTPUT_H

#include "element_vector.h"
#include "winograd_tile.h"
#include "winograd_transform.h"

template <typename T> struct output_arguments {
    using R = typename dblk_real<T>::type;
    winograd_plane plane;
    const T *features; /* of the first pixel and channel */
    int64_t channels, growth;
    T *outputs; /* of the first pixel, the layer's first channel */
    int64_t output_pitch;
    bool adds;
    const R *products; /* the layer's first column */
    int64_t products_stride, products_plane;
    const T *kernel;
    bool pairs; /* of 16 bits can be accessed at once */
};

template <typename T>
static output_arguments<T> find_output_arguments(const struct dblk_winograd_output *c,
                                                 const winograd_plane &plane) {
    using R = typename dblk_real<T>::type;
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    output_arguments<T> a = {plane,
                             static_cast<const T *>(c->images.features),
                             c->channels,
                             c->growth,
                             static_cast<T *>(c->outputs) + c->output_channel,
                             c->output_pitch,
                             c->adds,
                             static_cast<const R *>(c->products) + c->column,
                             c->products_stride,
                             c->products_plane,
                             static_cast<const T *>(c->kernel),
                             false};
    a.pairs = is_aligned(a.outputs, PAIR) && is_aligned(a.products, PAIR) &&
              (a.output_pitch | c->growth | c->products_stride | c->products_plane) % PAIR == 0;
    return a;
}

template <typename T>
__device__ __forceinline__ T *find_output(const output_arguments<T> &a, int64_t image, int row,
                                          int column, int64_t output) {
    return a.outputs + find_pixel(a.plane, image, row, column) * a.output_pitch + output;
}

/* The convolution at an output of a pixel, as the formula says. */
template <typename T>
__device__ __forceinline__ typename dblk_real<T>::type
compute_directly(const output_arguments<T> &a, int64_t image, int row, int column,
                 int64_t output) {
    typename dblk_real<T>::type sum = 0;
#pragma unroll 1
    for (int tap = 0; tap < 9; tap++) {
        const int y = row + tap / 3 - 1, x = column + tap % 3 - 1;
        if (!is_inside(a.plane, y, x))
            continue;
        const T *features = a.features + find_pixel(a.plane, image, y, x) * a.plane.feature_pitch;
        const T *kernel = a.kernel + tap * a.channels * a.growth + output;
#pragma unroll 1
        for (int64_t c = 0; c < a.channels; c++)
            sum += dblk_relu(dblk_widen(features[c])) * dblk_widen(kernel[c * a.growth]);
    }
    return sum;
}

/* The sums of N outputs of a pixel. */
template <typename T, int N> struct winograd_sums {
    using R = typename dblk_real<T>::type;
    R each[N];

    __device__ __forceinline__ void add_from(const T *from) {
        dblk_elements<T, N> elements;
        elements.load(from);
#pragma unroll
        for (int e = 0; e < N; e++)
            each[e] += dblk_widen(elements.each[e]);
    }
    __device__ __forceinline__ dblk_elements<T, N> round() const {
        dblk_elements<T, N> elements;
#pragma unroll
        for (int e = 0; e < N; e++)
            elements.each[e] = dblk_round<T>(each[e]);
        return elements;
    }
};

/* N outputs from `output` on of every pixel of the tile that is inside of the image. Its row and column
 * are relative to the tile:
 *
 *   add(row, column, output, sums)         to the sums of the convolution what else belongs to them
 *   store(row, column, output, elements)   the sums, rounded
 *
 * Both once for each output. Where the convolution is not finite it is computed directly, one output
 * after the other. */
template <typename T, int TILE, int N, typename Add, typename Store>
__device__ __forceinline__ void complete_tile(const output_arguments<T> &a, unsigned tile,
                                              const winograd_place &place, int64_t output,
                                              Add add, Store store) {
    using R = typename dblk_real<T>::type;
    using transform = winograd_transform<TILE>;
    constexpr int POINTS = transform::POINTS;
    const R *products = a.products + tile * a.products_stride + output;
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

    winograd_sums<T, N> sums[TILE][TILE];
    R zeros = 0; /* as long as everything is finite */
#pragma unroll
    for (int row = 0; row < TILE; row++)
#pragma unroll
        for (int e = 0; e < N; e++) {
            R results[TILE];
            transform::output(columns[e] + row * POINTS, 1, results, 1);
#pragma unroll
            for (int column = 0; column < TILE; column++) {
                sums[row][column].each[e] = results[column];
                zeros += dblk_widen(dblk_round<T>(results[column])) * 0;
            }
        }
    if (zeros == 0) {
        constexpr int AT_ONCE = 4; /* loads of `add`: registers have no room for more */
#pragma unroll
        for (int first = 0; first < TILE * TILE; first += AT_ONCE) {
#pragma unroll
            for (int i = first; i < first + AT_ONCE; i++)
                if (place.row + i / TILE < a.plane.height &&
                    place.column + i % TILE < a.plane.width)
                    add(i / TILE, i % TILE, output, sums[i / TILE][i % TILE]);
#pragma unroll
            for (int i = first; i < first + AT_ONCE; i++)
                if (place.row + i / TILE < a.plane.height &&
                    place.column + i % TILE < a.plane.width)
                    store(i / TILE, i % TILE, output, sums[i / TILE][i % TILE].round());
        }
        return;
    }
#pragma unroll 1
    for (int i = 0; i < TILE * TILE * N; i++) {
        const int row = i / N / TILE, column = i / N % TILE;
        const int y = place.row + row, x = place.column + column;
        if (y >= a.plane.height || x >= a.plane.width)
            continue;
        winograd_sums<T, 1> sum;
        sum.each[0] = compute_directly(a, place.image, y, x, output + i % N);
        add(row, column, output + i % N, sum);
        store(row, column, output + i % N, sum.round());
    }
}

#endif
