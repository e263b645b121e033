/* Shapes that follow from the description of a block, for one that a plan has accepted. */
#ifndef TOOL_GEOMETRY_H
#define TOOL_GEOMETRY_H

#include <stdint.h>

#include "denseblock.h"

/* C_L. */
int64_t output_channels(const denseblock_desc *desc);

/* Of x, [N,H,W,C0], and of y, [N,H,W,C_L]. */
void input_shape(const denseblock_desc *desc, int64_t shape[4]);
void output_shape(const denseblock_desc *desc, int64_t shape[4]);

/* Which layer wrote a channel of y: its number, or -1 for the input's channels. */
int64_t layer_of_channel(const denseblock_desc *desc, int64_t channel);

#endif
