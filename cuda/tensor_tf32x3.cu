/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<tf32x3,1x1,32>     128   90368   127/1   125/2   126/2
 *   dblk_tensor_kernel<tf32x3,1x1,64>     256  160000   126/1   127/1   128/1
 *   dblk_tensor_kernel<tf32x3,3x3,32>     128   67264   142/2   134/3   133/3
 *   dblk_tensor_kernel<tf32x3,3x3,64>     256  156064   142/1   138/1   133/1
 *   dblk_tensor_kernel<tf32x3,row,32>     128   66112   127/2   125/3   128/3
 *   dblk_tensor_kernel<tf32x3,row,64>     256  135904   125/1   124/1   124/1
 *   dblk_tensor_kernel<tf32x3,product,32>     128   90368   127/1   125/2   126/2
 *   dblk_tensor_kernel<tf32x3,product,64>     256  160000   126/1   125/1   124/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_tf32x3(void *stream, const tensor_arguments &arguments,
                                            const struct dblk_tensor_way *way, int products) {
    return launch_form<tensor_launcher<DBLK_TENSOR_TF32X3>>(stream, arguments, way, products);
}
