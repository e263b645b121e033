/* Sizes and numbers as people read them. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "denseblock.h"

enum {
    FIGURE_TEXT_SIZE = 32,
    BYTES_TEXT_SIZE = 32,
    SHAPE_TEXT_SIZE = 22 * DENSEBLOCK_MAX_RANK,
    LAYERS_TEXT_SIZE = 96,
    WRITER_TEXT_SIZE = 32
};

/* What follows a noun after this number of things: "s", or "" for one. */
const char *plural(int64_t count);

/* A time or a rate, at least 0: "1195.897", "0.0028". */
const char *figure_text(double figure, char text[FIGURE_TEXT_SIZE]);

/* The same in three digits, or as many as stand before the point: "1196", "53.5", "0.0028". */
const char *rounded_text(double figure, char text[FIGURE_TEXT_SIZE]);

/* "0 B", "1.5 KiB", "53.5 MiB". */
const char *bytes_text(size_t bytes, char text[BYTES_TEXT_SIZE]);

/* "1x512x512x3"; "()" for rank 0. */
const char *shape_text(int rank, const int64_t *shape, char text[SHAPE_TEXT_SIZE]);

/* "4 layers of 3x3, growth 12"; where layers differ, "3 layers: 3x3 +1, 1x1 +7, 3x3 +2". */
const char *layers_text(const denseblock_desc *desc, char text[LAYERS_TEXT_SIZE]);

/* What layer_of_channel answers: "layer 2", "the input". */
const char *writer_text(int64_t layer, char text[WRITER_TEXT_SIZE]);

#endif
