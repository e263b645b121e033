/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<tf32x3,1x1,32>     128   90368   140/1   135/2   132/2
 *   dblk_tensor_kernel<tf32x3,1x1,64>     256  160000   133/1   133/1   134/1
 *   dblk_tensor_kernel<tf32x3,3x3,32>     128   67264   134/2   142/3   136/3
 *   dblk_tensor_kernel<tf32x3,3x3,64>     256  156064   133/1   148/1   133/1
 *   dblk_tensor_kernel<tf32x3,row,32>     128   66112   179/2   135/3   137/3
 *   dblk_tensor_kernel<tf32x3,row,64>     256  135904   184/1   132/1   147/1
 *   dblk_tensor_kernel<tf32x3,product,32>     128   90368   134/1   134/2   137/2
 *   dblk_tensor_kernel<tf32x3,product,64>     256  160000   133/1   151/1   132/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_tf32x3(void *stream, const tensor_arguments &arguments,
                                            const struct dblk_tensor_way *way, int products) {
    return launch_form<DBLK_TENSOR_TF32X3>(stream, arguments, way, products);
}
