/* Which kernels this processor runs. */
#ifndef DENSEBLOCK_HOST_INSTRUCTION_SET_H
#define DENSEBLOCK_HOST_INSTRUCTION_SET_H

#include "backends/cpu/kernels.h"

/* The kernels for tensors of that type, for the widest vectors that the processor has; or for
 * those that the environment variable DENSEBLOCK_ISA names: avx512, avx2 or portable.
 * DENSEBLOCK_INVALID_ARGUMENT for another name, DENSEBLOCK_UNAVAILABLE for one that the processor
 * lacks. */
denseblock_status dblk_kernels_find(denseblock_type type, const struct dblk_kernels **kernels);

#endif
