/* The tensor-core convolution: tensor_launch.h tells how. */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_f16(void *stream, const struct dblk_direct_convolution *c,
                                         const struct dblk_tensor_way *way, int64_t split_sums) {
    return launch_form<DBLK_TENSOR_F16>(stream, c, way, split_sums);
}
