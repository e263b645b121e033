/* Preparing kernels for the cpu backend. */
#ifndef DENSEBLOCK_HOST_CPU_WEIGHTS_H
#define DENSEBLOCK_HOST_CPU_WEIGHTS_H

#include "backends/cpu/cpu_plan.h"

/* Channels that the direct algorithm takes at a time: its weights are laid out
 * [block][panel][kh][kw][channel of the block][column], so that what a tile of pixels needs of them
 * stays in the second-level cache. */
int64_t dblk_direct_depth(const struct dblk_cpu_plan *cpu, const struct dblk_layer *layer);

/* Bytes of a matrix of weights, for `taps` taps or points; false on overflow. */
bool dblk_matrix_bytes(const struct dblk_cpu_plan *cpu, int64_t taps, int64_t channels,
                       int64_t columns, size_t *bytes);

/* prepare_layer of struct dblk_backend. */
denseblock_status dblk_cpu_prepare_layer(denseblock_context *context, const denseblock_plan *plan,
                                         int64_t l, const void *kernel, void *prepared);

#endif
