/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<bf16,1x1,32>      128   82176    96/2    96/2    94/2
 *   dblk_tensor_kernel<bf16,1x1,128>     256  160000   195/1   199/1   180/1
 *   dblk_tensor_kernel<bf16,3x3,32>      128   48832   128/3   128/4   125/4
 *   dblk_tensor_kernel<bf16,3x3,128>     256  156064   206/1   206/1   250/1
 *   dblk_tensor_kernel<bf16,row,32>      128   53824   127/3   128/4   122/4
 *   dblk_tensor_kernel<bf16,row,128>     256  135904   216/1   219/1   220/1
 *   dblk_tensor_kernel<bf16,product,32>     128   82176   126/2    96/2    94/2
 *   dblk_tensor_kernel<bf16,product,128>     256  160000   218/1   204/1   180/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_bf16(void *stream, const tensor_arguments &arguments,
                                          const struct dblk_tensor_way *way, int products) {
    return launch_form<tensor_launcher<DBLK_TENSOR_BF16>>(stream, arguments, way, products);
}
