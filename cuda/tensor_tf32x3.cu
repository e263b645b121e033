/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<tf32x3,1x1,32>     128   90368   141/1   145/2   148/2
 *   dblk_tensor_kernel<tf32x3,1x1,64>     256  160000   140/1   145/1   148/1
 *   dblk_tensor_kernel<tf32x3,3x3,32>     128   67264   159/2   168/3   161/3
 *   dblk_tensor_kernel<tf32x3,3x3,64>     256  156064   158/1   168/1   161/1
 *   dblk_tensor_kernel<tf32x3,row,32>     128   66112   163/2   165/3   173/2
 *   dblk_tensor_kernel<tf32x3,row,64>     256  135904   161/1   165/1   173/1
 *   dblk_tensor_kernel<tf32x3,product,32>     128   90368   148/1   146/2   148/2
 *   dblk_tensor_kernel<tf32x3,product,64>     256  160000   146/1   146/1   148/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_tf32x3(void *stream, const tensor_arguments &arguments,
                                            const struct dblk_tensor_way *way, int products) {
    return launch_form<tensor_launcher<DBLK_TENSOR_TF32X3>>(stream, arguments, way, products);
}
