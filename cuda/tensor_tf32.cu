/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<tf32,1x1,32>      128   82176   124/2   126/2    96/2
 *   dblk_tensor_kernel<tf32,1x1,128>     256  160000   200/1   200/1   180/1
 *   dblk_tensor_kernel<tf32,3x3,32>      128   48832   126/3   128/4   123/4
 *   dblk_tensor_kernel<tf32,3x3,128>     256  156064   207/1   211/1   251/1
 *   dblk_tensor_kernel<tf32,row,32>      128   53824   128/3   123/4   122/4
 *   dblk_tensor_kernel<tf32,row,128>     256  135904   221/1   221/1   217/1
 *   dblk_tensor_kernel<tf32,product,32>     128   82176   124/2   120/2    93/2
 *   dblk_tensor_kernel<tf32,product,128>     256  160000   200/1   198/1   181/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_tf32(void *stream, const tensor_arguments &arguments,
                                          const struct dblk_tensor_way *way, int products) {
    return launch_form<tensor_launcher<DBLK_TENSOR_TF32>>(stream, arguments, way, products);
}
