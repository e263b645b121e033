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
    T *y; /* the first pixel */
    int64_t channels, growth;
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
                             static_cast<T *>(c->images.y),
                             c->channels,
                             c->growth,
                             static_cast<const R *>(c->products) + c->column,
                             c->products_stride,
                             c->products_plane,
                             static_cast<const T *>(c->kernel),
                             false};
    a.pairs =
        is_aligned(a.y + c->channels, PAIR) && is_aligned(a.products, PAIR) &&
        (plane.pixel_stride | c->growth | c->products_stride | c->products_plane) % PAIR == 0;
    return a;
}

template <typename T>
__device__ __forceinline__ T *find_output(const output_arguments<T> &a, int64_t image, int row,
                                          int column, int64_t output) {
    return a.y + find_pixel(a.plane, image, row, column) * a.plane.pixel_stride + a.channels +
           output;
}

/* An output of a pixel, as the formula says. */
template <typename T>
__device__ __forceinline__ T compute_directly(const output_arguments<T> &a, int64_t image,
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
    return dblk_round<T>(sum);
}

/* N outputs from `output` on of every pixel of the tile that is inside of the image:
 * store(row, column, output, elements), row and column relative to the tile. Those that are computed
 * directly are stored again, one by one. */
template <typename T, int TILE, int N, typename Store>
__device__ __forceinline__ void complete_tile(const output_arguments<T> &a, unsigned tile,
                                              const winograd_place &place, int64_t output,
                                              Store store) {
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
            if (place.row + row < a.plane.height && place.column + column < a.plane.width)
                store(row, column, output, elements);
        }
    }
    if (zeros == 0)
        return;
#pragma unroll 1
    for (int i = 0; i < TILE * TILE * N; i++) {
        const int row = i / N / TILE, column = i / N % TILE;
        const int y = place.row + row, x = place.column + column;
        if (y >= a.plane.height || x >= a.plane.width)
            continue;
        dblk_elements<T, 1> element;
        element.each[0] = compute_directly(a, place.image, y, x, output + i % N);
        store(row, column, output + i % N, element);
    }
}

#endif
