/* Where a tile of a Winograd convolution lies. */
#ifndef DENSEBLOCK_CUDA_WINOGRAD_TILE_H
#define DENSEBLOCK_CUDA_WINOGRAD_TILE_H

#include "cuda_check.h"
#include "kernel_language.h"
#include "status/fail.h"
#include "winograd.h"

struct winograd_plane {
    int height, width;
    unsigned tile_rows, tile_columns; /* of an image */
    unsigned tiles;                   /* of all images */
    int64_t feature_pitch;
};

/* The first of a tile's outputs. */
struct winograd_place {
    int64_t image;
    int row, column;
};

template <int TILE>
__device__ __forceinline__ winograd_place find_tile(const winograd_plane &plane, unsigned tile) {
    const unsigned row = tile / plane.tile_columns;
    return {row / plane.tile_rows, static_cast<int>(row % plane.tile_rows) * TILE,
            static_cast<int>(tile % plane.tile_columns) * TILE};
}

__device__ __forceinline__ bool is_inside(const winograd_plane &plane, int row, int column) {
    return row >= 0 && row < plane.height && column >= 0 && column < plane.width;
}

/* Of all images together. */
__device__ __forceinline__ int64_t find_pixel(const winograd_plane &plane, int64_t image, int row,
                                              int column) {
    return (image * plane.height + row) * plane.width + column;
}

static inline denseblock_status find_plane(const struct dblk_winograd_images *images,
                                           winograd_plane *plane) {
    const int64_t rows = dblk_winograd_tiles(images->tile, 1, images->height, 1);
    const int64_t columns = dblk_winograd_tiles(images->tile, 1, 1, images->width);
    if (rows > DBLK_WINOGRAD_MOST_TILES / columns ||
        images->images > DBLK_WINOGRAD_MOST_TILES / (rows * columns))
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "a Winograd convolution of this size cannot be launched at once");
    *plane = {static_cast<int>(images->height),
              static_cast<int>(images->width),
              static_cast<unsigned>(rows),
              static_cast<unsigned>(columns),
              static_cast<unsigned>(images->images * rows * columns),
              images->feature_pitch};
    return DENSEBLOCK_OK;
}

/* The launcher of a type, or of a pair of tile and type: F(4x4) is only for f32, whose error it keeps
 * small enough. `launch` is a template function of <T, TILE>. */
#define WINOGRAD_LAUNCH(launch, type, tile, ...)                                                         \
    ((tile) == 4 && (type) == DENSEBLOCK_F32 ? launch<float, 4>(__VA_ARGS__)                             \
     : (tile) != 2                           ? dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,                    \
                                                         "no Winograd convolution of %s in tiles of %d", \
                                                         denseblock_type_name(type), (tile))             \
     : (type) == DENSEBLOCK_F32              ? launch<float, 2>(__VA_ARGS__)                             \
     : (type) == DENSEBLOCK_F64              ? launch<double, 2>(__VA_ARGS__)                            \
     : (type) == DENSEBLOCK_F16              ? launch<__half, 2>(__VA_ARGS__)                            \
                                             : launch<__nv_bfloat16, 2>(__VA_ARGS__))

#endif
