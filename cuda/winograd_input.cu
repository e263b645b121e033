/* The input transform of a Winograd convolution: relu(y), of tiles with the pixels around them, into the
 * stack.
 *
 * A thread for every tile and channel, or for two channels of 16 bits: neighbouring threads have
 * neighbouring channels, in y and in the stack. The pixels that tiles share are read from the caches;
 * what costs time is to write the stack, 4 (F(2x2)) or 2.25 (F(4x4)) times the features' bytes.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_winograd_input_kernel           256       0    82/2    64/4    76/3
 */
#include "element_vector.h"
#include "grid.h"
#include "ptx.h"
#include "winograd_tile.h"
#include "winograd_transform.h"

template <typename T> struct input_arguments {
    winograd_plane plane;
    const T *features; /* of the first pixel and channel */
    int64_t vectors;   /* of channels */
    T *stack;
    int64_t stack_stride, stack_plane;
    bool tf32;
};

template <typename T, int TILE, int N>
__global__ void __launch_bounds__(DBLK_GRID_BLOCK)
    dblk_winograd_input_kernel(const input_arguments<T> a) {
    using R = typename dblk_real<T>::type;
    using transform = winograd_transform<TILE>;
    constexpr int POINTS = transform::POINTS;
    dblk_grid_walk at(a.vectors);
    griddepcontrol_wait();
    griddepcontrol_launch_dependents(); /* blocks are short: where the last ones leave room */
    for (; at.outer < a.plane.tiles; at.advance()) {
        const winograd_place place = find_tile<TILE>(a.plane, static_cast<unsigned>(at.outer));
        const T *features = a.features + at.inner * N;
        R columns[N][POINTS * POINTS];
#pragma unroll
        for (int column = 0; column < POINTS; column++) {
            R pixels[N][POINTS];
#pragma unroll
            for (int row = 0; row < POINTS; row++) {
                const int y = place.row + row - 1, x = place.column + column - 1;
                dblk_elements<T, N> elements;
                elements.whole = {};
                if (is_inside(a.plane, y, x))
                    elements.load(features +
                                  find_pixel(a.plane, place.image, y, x) * a.plane.pixel_stride);
#pragma unroll
                for (int e = 0; e < N; e++)
                    pixels[e][row] = dblk_relu(dblk_widen(elements.each[e]));
            }
#pragma unroll
            for (int e = 0; e < N; e++)
                transform::input(pixels[e], 1, columns[e] + column, POINTS);
        }
        T *stack = a.stack + at.outer * a.stack_stride + at.inner * N;
#pragma unroll
        for (int row = 0; row < POINTS; row++) {
            R points[N][POINTS];
#pragma unroll
            for (int e = 0; e < N; e++)
                transform::input(columns[e] + row * POINTS, 1, points[e], 1);
#pragma unroll
            for (int column = 0; column < POINTS; column++) {
                dblk_elements<T, N> elements;
#pragma unroll
                for (int e = 0; e < N; e++)
                    elements.each[e] = winograd_round<T>(points[e][column], a.tf32);
                elements.store(stack + (row * POINTS + column) * a.stack_plane);
            }
        }
    }
}

template <typename T, int TILE, int N>
static denseblock_status launch_vectors(void *stream, bool dependent,
                                        const input_arguments<T> &a) {
    LAUNCH_DEPENDENT(dependent, (dblk_winograd_input_kernel<T, TILE, N>),
                     dblk_grid_blocks(a.plane.tiles * a.vectors), DBLK_GRID_BLOCK, 0,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_winograd_input_kernel");
}

template <typename T, int TILE>
static denseblock_status launch(void *stream, const struct dblk_winograd_input *c,
                                const winograd_plane &plane) {
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    input_arguments<T> a = {
        plane,           static_cast<const T *>(c->images.y) + c->first_channel,
        c->channels,     static_cast<T *>(c->stack) + c->first_channel,
        c->stack_stride, c->stack_plane,
        c->tf32};
    const bool pairs =
        is_aligned(a.features, PAIR) && is_aligned(a.stack, PAIR) &&
        (plane.pixel_stride | c->channels | c->stack_stride | c->stack_plane) % PAIR == 0;
    if (!pairs)
        return launch_vectors<T, TILE, 1>(stream, c->images.dependent, a);
    a.vectors /= PAIR;
    return launch_vectors<T, TILE, PAIR>(stream, c->images.dependent, a);
}

denseblock_status dblk_winograd_input(void *stream, const struct dblk_winograd_input *c) {
    winograd_plane plane;
    if (c->images.images == 0 || c->channels == 0)
        return DENSEBLOCK_OK;
    const denseblock_status status = find_plane(&c->images, &plane);
    if (status != DENSEBLOCK_OK)
        return status;
    return WINOGRAD_LAUNCH(launch, c->images.type, c->images.tile, stream, c, plane);
}
