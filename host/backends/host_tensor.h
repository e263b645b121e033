/* What all backends with tensors in host memory do in the same way. */
#ifndef DENSEBLOCK_HOST_HOST_TENSOR_H
#define DENSEBLOCK_HOST_HOST_TENSOR_H

#include "block/plan.h"

/* place_input of struct dblk_backend. */
denseblock_status dblk_host_place_input(denseblock_context *context, const denseblock_plan *plan,
                                        const struct dblk_region *region, const void *x,
                                        void *features, void *workspace);

enum { DBLK_MAX_THREADS = 1024 };

/* The threads to use: `asked`, or what OpenMP's environment says when that is 0; not more than
 * the environment or we allow; 1 in a build without OpenMP. */
int dblk_host_thread_count(int64_t asked);

/* The calling thread's number among them, from 0. */
size_t dblk_host_thread(void);

#endif
