/* The dense blocks of published networks. */
#ifndef TOOL_PRESETS_H
#define TOOL_PRESETS_H

#include <stddef.h>
#include <stdint.h>

#include "parse.h"

enum { MOST_PRESET_BLOCKS = 4 };

/* A network without what is between its blocks and inside their layers: a block has the network's
 * number of layers, growth, planes and input channels, and every layer is one 3x3 convolution of
 * all channels, as this program runs it, without the 1x1 bottleneck that some of the networks have
 * before it. Transitions are not run: they are in the numbers of channels. */
typedef struct preset {
    const char *name;
    int64_t size;     /* height and width of the first block's planes; each later one has half */
    int64_t channels; /* that the first block gets */
    int64_t growth;
    int64_t compression; /* a transition divides the channels by it */
    size_t block_count;
    int64_t layers[MOST_PRESET_BLOCKS];
} preset;

option_parser parse_preset; /* its name: const preset * */

/* The shape of a block's input; the batch is left as it is.
 *
 *   index   from 0 */
void preset_block(const preset *network, size_t index, block_shape *shape, int64_t *layers);

#endif
