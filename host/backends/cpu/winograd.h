/* The Winograd algorithms of the cpu backend. */
#ifndef DENSEBLOCK_HOST_WINOGRAD_H
#define DENSEBLOCK_HOST_WINOGRAD_H

#include "backends/cpu/cpu_plan.h"

/* Transforms the channels [channel, channel + count) of the tiles whose pixels are complete once
 * those rows of y are. */
void dblk_winograd_keep(const denseblock_plan *plan, const struct dblk_region *rows,
                        int64_t channel, int64_t count, const void *y, void *workspace);

/* Computes layer l of a region: reads what is kept of channels [0,C_l), writes channels
 * [C_l,C_l+g_l) of y. Marks the images in which it writes NaN or Inf: see dblk_cpu_spoiled. */
void dblk_winograd_layer(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                         const void *prepared, void *y, void *workspace);

#endif
