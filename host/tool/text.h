/* Sizes and numbers as people read them. */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "denseblock.h"

enum {
    BYTES_TEXT_SIZE = 32,
    SHAPE_TEXT_SIZE = 22 * DENSEBLOCK_MAX_RANK,
    LAYERS_TEXT_SIZE = 96,
    WRITER_TEXT_SIZE = 32
};

/* "0 B", "1.5 KiB", "53.5 MiB". */
const char *bytes_text(size_t bytes, char text[BYTES_TEXT_SIZE]);

/* "1x512x512x3"; "()" for rank 0. */
const char *shape_text(int rank, const int64_t *shape, char text[SHAPE_TEXT_SIZE]);

/* "4 layers of 3x3, growth 12"; where layers differ, "3 layers: 3x3 +1, 1x1 +7, 3x3 +2". */
const char *layers_text(const denseblock_desc *desc, char text[LAYERS_TEXT_SIZE]);

/* Which layer wrote a channel of y: its number, or -1 for the input's channels. */
int64_t layer_of_channel(const denseblock_desc *desc, int64_t channel);

/* The same as text: "layer 2", "the input". */
const char *writer_text(int64_t layer, char text[WRITER_TEXT_SIZE]);

/* C_L, for a desc that a plan has accepted. */
int64_t output_channels(const denseblock_desc *desc);

#endif
