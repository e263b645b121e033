/* The Winograd algorithms of the cpu backend. */
#ifndef DENSEBLOCK_HOST_WINOGRAD_H
#define DENSEBLOCK_HOST_WINOGRAD_H

#include "backends/cpu/cpu_plan.h"

/* Transforms the channels [channel, channel + count) of the tiles whose pixels are complete once
 * those rows of the features are. */
void dblk_winograd_keep(const denseblock_plan *plan, const struct dblk_region *rows,
                        int64_t channel, int64_t count, const void *features, void *workspace);

/* Computes layer l of a region: reads what is kept of channels [0,C_l), writes the layer's channels of
 * the outputs, or adds to them. Marks where it makes NaN or Inf, see dblk_cpu_spoiled; and such a tile
 * it does not add. */
void dblk_winograd_layer(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                         const void *prepared, void *outputs, void *workspace);

#endif
