/* The output transform of a Winograd convolution: products of tiles into the layer's channels of the
 * outputs, or added to them.
 *
 * A thread for every tile and column, or for two columns of 16 bits: neighbouring threads have
 * neighbouring columns, in the products and in the outputs.
 *
 * Where the convolution at any output of a thread, as it is rounded, is not finite, it computes all of
 * its outputs directly from the features and the kernel as it came. That is as slow as it is rare: the
 * features that a NaN or an Inf has reached, and those that overflow, or do when they are transformed.
 * Nobody else has to know of it. What an output is added to has no part in that, NaN or not.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_winograd_output_kernel          256       0    64/4    64/4    64/4
 */
#include "grid.h"
#include "ptx.h"
#include "winograd_output.h"

template <typename T, int TILE, int N>
__global__ void __launch_bounds__(DBLK_GRID_BLOCK, 4)
    dblk_winograd_output_kernel(const output_arguments<T> a) {
    dblk_grid_walk at(a.growth / N);
    griddepcontrol_wait();
    griddepcontrol_launch_dependents(); /* blocks are short: where the last ones leave room */
    for (; at.outer < a.plane.tiles; at.advance()) {
        const unsigned tile = static_cast<unsigned>(at.outer);
        const winograd_place place = find_tile<TILE>(a.plane, tile);
        complete_tile<T, TILE, N>(
            a, tile, place, at.inner * N,
            [&](int row, int column, int64_t output, auto &sums) {
                if (a.adds)
                    sums.add_from(find_output(a, place.image, place.row + row,
                                              place.column + column, output));
            },
            [&](int row, int column, int64_t output, const auto &elements) {
                elements.store(
                    find_output(a, place.image, place.row + row, place.column + column, output));
            });
    }
}

template <typename T, int TILE, int N>
static denseblock_status launch_vectors(void *stream, bool dependent,
                                        const output_arguments<T> &a) {
    LAUNCH_DEPENDENT(dependent, (dblk_winograd_output_kernel<T, TILE, N>),
                     dblk_grid_blocks(a.plane.tiles * (a.growth / N)), DBLK_GRID_BLOCK, 0,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_winograd_output_kernel");
}

template <typename T, int TILE>
static denseblock_status launch(void *stream, const struct dblk_winograd_output *c,
                                const winograd_plane &plane) {
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    const bool dependent = c->images.dependent;
    const output_arguments<T> a = find_output_arguments<T>(c, plane);
    return a.pairs ? launch_vectors<T, TILE, PAIR>(stream, dependent, a)
                   : launch_vectors<T, TILE, 1>(stream, dependent, a);
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
