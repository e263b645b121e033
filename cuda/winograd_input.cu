/* The input transform of a Winograd convolution: relu(features), of tiles with the pixels around them,
 * into the stack.
 *
 * A thread for every tile and channel, or for two channels of 16 bits: neighbouring threads have
 * neighbouring channels, in the features and in the stack. The pixels that tiles share are read from the
 * caches; what costs time is to write the stack, 4 (F(2x2)) or 2.25 (F(4x4)) times the features' bytes.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_winograd_input_kernel           256       0    70/3    64/4    76/3
 */
#include "grid.h"
#include "ptx.h"
#include "winograd_input.h"

template <typename T> struct input_arguments {
    winograd_plane plane;
    const T *features; /* of the first pixel and channel */
    int64_t channels;
    winograd_kept<T> kept;
};

template <typename T, int TILE, int N>
__global__ void __launch_bounds__(DBLK_GRID_BLOCK)
    dblk_winograd_input_kernel(const input_arguments<T> a) {
    dblk_grid_walk at(a.channels / N);
    griddepcontrol_wait();
    griddepcontrol_launch_dependents(); /* blocks are short: where the last ones leave room */
    for (; at.outer < a.plane.tiles; at.advance()) {
        const unsigned tile = static_cast<unsigned>(at.outer);
        const winograd_place place = find_tile<TILE>(a.plane, tile);
        const T *features = a.features + at.inner * N;
        keep_tile<T, TILE, N>(a.kept, tile, at.inner * N, [&](int row, int column) {
            const int y = place.row + row, x = place.column + column;
            dblk_elements<T, N> elements;
            elements.whole = {};
            if (is_inside(a.plane, y, x))
                elements.load(features +
                              find_pixel(a.plane, place.image, y, x) * a.plane.feature_pitch);
            return elements;
        });
    }
}

template <typename T, int TILE, int N>
static denseblock_status launch_vectors(void *stream, bool dependent,
                                        const input_arguments<T> &a) {
    LAUNCH_DEPENDENT(dependent, (dblk_winograd_input_kernel<T, TILE, N>),
                     dblk_grid_blocks(a.plane.tiles * (a.channels / N)), DBLK_GRID_BLOCK, 0,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_winograd_input_kernel");
}

template <typename T, int TILE>
static denseblock_status launch(void *stream, const struct dblk_winograd_input *c,
                                const winograd_plane &plane) {
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    const bool dependent = c->images.dependent;
    const input_arguments<T> a = {plane,
                                  static_cast<const T *>(c->images.features) + c->first_channel,
                                  c->channels, find_kept<T>(c, plane)};
    return a.kept.pairs ? launch_vectors<T, TILE, PAIR>(stream, dependent, a)
                        : launch_vectors<T, TILE, 1>(stream, dependent, a);
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
