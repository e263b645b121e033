/* What the launches of a plan of the cuda backend move, by a model of the L2 cache: of what passed
 * through it since it was last used, the more is lost the more that is. Bytes of a slice. */
#ifndef DENSEBLOCK_HOST_CUDA_TRAFFIC_H
#define DENSEBLOCK_HOST_CUDA_TRAFFIC_H

#include "backends/cuda/cuda_plan.h"

/* The convolution of layer l, or its products: the outer one for the first of a group, else the
 * inner one. */
struct dblk_cuda_traffic dblk_cuda_work_traffic(const denseblock_plan *plan, int64_t l);

/* The output transform of a Winograd layer. */
struct dblk_cuda_traffic dblk_cuda_output_traffic(const denseblock_plan *plan, int64_t l);

/* The input transform of layer l's output; -1: of the block's input. */
struct dblk_cuda_traffic dblk_cuda_keep_traffic(const denseblock_plan *plan, int64_t l);

/* Both at once: its output transform, and the input transform of what it adds. */
struct dblk_cuda_traffic dblk_cuda_between_traffic(const denseblock_plan *plan, int64_t l);

#endif
