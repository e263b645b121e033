/* The tensor-core convolution: tensor_launch.h tells how. */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_f16(void *stream, const tensor_arguments &arguments,
                                         const struct dblk_tensor_way *way, int products) {
    return launch_form<DBLK_TENSOR_F16>(stream, arguments, way, products);
}
