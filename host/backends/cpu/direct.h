/* The direct algorithm of the cpu backend. */
#ifndef DENSEBLOCK_HOST_DIRECT_H
#define DENSEBLOCK_HOST_DIRECT_H

#include "backends/cpu/cpu_plan.h"

/* forward_layer of struct dblk_backend, for a layer that is planned so. */
void dblk_direct_layer(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                       const void *prepared, const struct dblk_tensors *tensors, void *workspace);

/* The same for `columns` columns of the region, from `column` on, of a layer that is planned otherwise,
 * with nothing of its group. */
void dblk_direct_repair(const denseblock_plan *plan, int64_t l, const struct dblk_region *region,
                        int64_t column, int64_t columns, const void *prepared,
                        const struct dblk_tensors *tensors, void *workspace);

#endif
