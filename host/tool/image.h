/* Pictures as input. */
#ifndef TOOL_IMAGE_H
#define TOOL_IMAGE_H

#include <stdbool.h>

#include "denseblock.h"
#include "failure.h"

/* Whether the file begins as a PNG does, whatever its name. */
bool image_is_png(const char *path);

/* Reads a PNG of 8-bit grey, RGB or RGBA as f32 [1,H,W,1|3|4], each sample divided by 255 and
 * otherwise as it is stored: no gamma, no colour profile. The file is not trusted.
 *
 *   array   receives the picture, for denseblock_array_free */
outcome image_read(const char *path, denseblock_array *array);

#endif
