/* What all backends with tensors on a GPU do in the same way. */
#ifndef DENSEBLOCK_HOST_DEVICE_TENSOR_H
#define DENSEBLOCK_HOST_DEVICE_TENSOR_H

#include "block/plan.h"

/* place_input of struct dblk_backend, for plans that take whole images. */
denseblock_status dblk_device_place_input(denseblock_context *context,
                                          const denseblock_plan *plan,
                                          const struct dblk_region *region, const void *x,
                                          void *features, void *workspace);

/* Copies layer l's kernel as it came to where the prepared weights have it. */
denseblock_status dblk_device_keep_kernel(denseblock_context *context,
                                          const denseblock_plan *plan, int64_t l,
                                          const void *kernel, void *prepared);

#endif
