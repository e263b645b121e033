/* A contact sheet of feature maps, to look at what a block does. */
#ifndef TOOL_FEATURE_MAPS_H
#define TOOL_FEATURE_MAPS_H

#include <stdint.h>
#include <stdio.h>

#include "denseblock.h"
#include "failure.h"

/* More would be no picture to look at. */
enum { FEATURE_MAPS_MOST = 1024 };

/* Pixels of the longer side of a map, at most: for a picture of its own, and beside text. */
enum { FEATURE_MAPS_LARGE = 128, FEATURE_MAPS_SMALL = 64 };

/* How many of the maps of y the sheet shows. */
int64_t feature_maps_shown(const denseblock_desc *desc);

/* Writes the sheet as PNG: the first image of y, whose batch is not empty. At the top stands the
 * input, as a picture where it has 1, 3 or 4 channels and all values are in 0 to 1; below, layer
 * by layer, the maps, each scaled by its own largest |value|.
 *
 *   longest   of a map's sides, in pixels, at most
 *   path      for messages */
outcome feature_maps_write(const denseblock_desc *desc, const denseblock_array *y, size_t longest,
                           FILE *stream, const char *path);

#endif
