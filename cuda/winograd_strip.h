/* Strips of rows of tiles, for the kernel of winograd_between.cu: how their pixels lie in shared memory.
 *
 * A strip has its own pixels and one more around them, in rows of tiles: `tile` rows of pixels each, of
 * which each has first every tile's first pixels, then all second ones, and so on. Tiles side by side
 * thus find their pixels side by side, and so do the last tile of a row and the first of the next. */
#ifndef DENSEBLOCK_CUDA_WINOGRAD_STRIP_H
#define DENSEBLOCK_CUDA_WINOGRAD_STRIP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define DBLK_STRIP constexpr
#else
#define DBLK_STRIP static inline
#endif

/* Bytes of a pixel's channels, which are all that a block has of it: a sector of device memory. */
enum { DBLK_STRIP_PIXEL = 32 };

/* What every block may have of shared memory, on all GPUs. */
enum { DBLK_STRIP_MOST_BYTES = 48 << 10 };

/* Pixels from a row to the next, where a row has so many tiles: they begin one before the first. */
DBLK_STRIP int64_t dblk_strip_row(int64_t tile_columns) {
    return tile_columns + 1;
}

/* From a row of tiles to the next: four tiles that follow one another have pixels in other banks, also
 * where a row ends between them. */
DBLK_STRIP int64_t dblk_strip_tile_row(int tile, int64_t tile_columns) {
    return tile * tile * dblk_strip_row(tile_columns) + tile_columns % 4;
}

DBLK_STRIP int64_t dblk_strip_bytes(int tile, int64_t tile_columns, int64_t tile_rows) {
    return (tile_rows + 1) * dblk_strip_tile_row(tile, tile_columns) * DBLK_STRIP_PIXEL;
}

#endif
