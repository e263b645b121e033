/* The direct algorithm of the cpu backend. */
#ifndef DENSEBLOCK_HOST_DIRECT_H
#define DENSEBLOCK_HOST_DIRECT_H

#include "backends/cpu/cpu_plan.h"

/* Computes layer l of a region: reads channels [0,C_l) of y and writes channels [C_l,C_l+g_l). */
void dblk_direct_layer(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                       const void *prepared, void *y, void *workspace);

/* The same for a layer that is planned otherwise, with nothing of its group. */
void dblk_direct_repair(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                        const void *prepared, void *y, void *workspace);

#endif
