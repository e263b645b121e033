/* Validation of what the caller describes. */
#ifndef DENSEBLOCK_HOST_DESCRIPTOR_H
#define DENSEBLOCK_HOST_DESCRIPTOR_H

#include "block/plan.h"

/* Checks every value of the descriptor, but no product of them. DENSEBLOCK_INVALID_ARGUMENT. */
denseblock_status dblk_descriptor_check(const denseblock_desc *desc);

/* Fills the plan's shape, layers, where they read and write in y, sizes of y, flops and bytes moved
 * from a checked descriptor; plan->layers has room for its layers. DENSEBLOCK_INVALID_ARGUMENT when a
 * tensor is too large to address. */
denseblock_status dblk_descriptor_lay_out(const denseblock_desc *desc, denseblock_plan *plan);

#endif
