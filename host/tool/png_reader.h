/* Pictures as input. */
#ifndef TOOL_PNG_READER_H
#define TOOL_PNG_READER_H

#include "denseblock.h"
#include "failure.h"

/* Reads a PNG of 8-bit grey, RGB or RGBA as f32 [1,H,W,1|3|4], each sample divided by 255 and
 * otherwise as it is stored: no gamma, no colour profile. The file is not trusted.
 *
 *   array   receives the picture, for denseblock_array_free */
outcome png_reader_read(const char *path, denseblock_array *array);

#endif
