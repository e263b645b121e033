/* The feature maps of one image, small enough to stand side by side. */
#ifndef TOOL_TILES_H
#define TOOL_TILES_H

#include <stddef.h>

#include "denseblock.h"
#include "failure.h"

typedef struct tiles {
    size_t count;         /* maps */
    size_t height, width; /* of one map */
    double *values;       /* [count][height][width] */
} tiles;

typedef struct channel_range {
    size_t first, count;
} channel_range;

/* Reduces these channels of the first image of y, [N,H,W,C]: box averages, so that the longer
 * side of a map is at most `longest`. The maps are in the order of the ranges.
 *
 *   made   receives the maps, for tiles_free, whatever the outcome */
outcome tiles_create(const denseblock_array *y, const channel_range ranges[2], size_t longest,
                     tiles *made);

/* The elements of one map. */
const double *tiles_map(const tiles *maps, size_t map);

/* A zeroed struct is allowed. */
void tiles_free(tiles *maps);

#endif
