/* The tensor-core convolution on sm_90a, whose kernels tensor_wgmma.h has. */
#include "tensor_wgmma.h"

denseblock_status dblk_tensor_wgmma_launch_bf16(void *stream, const tensor_arguments &arguments,
                                                const struct dblk_tensor_way *way, int products) {
    return launch_form<wgmma_launcher<DBLK_TENSOR_BF16>>(stream, arguments, way, products);
}
