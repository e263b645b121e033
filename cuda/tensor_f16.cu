/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<f16,1x1,32>       128   82176   126/2   126/2    92/2
 *   dblk_tensor_kernel<f16,1x1,128>      256  160000   214/1   217/1   162/1
 *   dblk_tensor_kernel<f16,3x3,32>       128   48832   125/3   128/4   105/4
 *   dblk_tensor_kernel<f16,3x3,128>      256  156064   222/1   226/1   219/1
 *   dblk_tensor_kernel<f16,row,32>       128   53824   128/3   126/4   124/4
 *   dblk_tensor_kernel<f16,row,128>      256  135904   238/1   240/1   202/1
 *   dblk_tensor_kernel<f16,product,32>     128   82176   127/2    96/2    92/2
 *   dblk_tensor_kernel<f16,product,128>     256  160000   236/1   221/1   166/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_f16(void *stream, const tensor_arguments &arguments,
                                         const struct dblk_tensor_way *way, int products) {
    return launch_form<tensor_launcher<DBLK_TENSOR_F16>>(stream, arguments, way, products);
}
