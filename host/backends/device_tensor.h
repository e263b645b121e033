/* What all backends with tensors on a GPU do in the same way. */
#ifndef DENSEBLOCK_HOST_DEVICE_TENSOR_H
#define DENSEBLOCK_HOST_DEVICE_TENSOR_H

#include "block/plan.h"

/* place_input of struct dblk_backend, for plans that take whole images. */
denseblock_status dblk_device_place_input(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *region, const void *x,
                                          void *y, void *workspace);

#endif
