/* The tensor-core convolution, whose kernels tensor_launch.h has.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor,
 * with the shared memory of a plane that is 28 pixels wide.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_kernel<tf32,1x1,32>      128   82176   128/2   126/2    96/2
 *   dblk_tensor_kernel<tf32,1x1,128>     256  160000   214/1   216/1   171/1
 *   dblk_tensor_kernel<tf32,3x3,32>      128   48832   125/3   128/4   124/4
 *   dblk_tensor_kernel<tf32,3x3,128>     256  156064   211/1   215/1   217/1
 *   dblk_tensor_kernel<tf32,row,32>      128   53824   128/3   128/4   124/4
 *   dblk_tensor_kernel<tf32,row,128>     256  135904   230/1   230/1   201/1
 *   dblk_tensor_kernel<tf32,product,32>     128   82176   128/2   118/2   104/2
 *   dblk_tensor_kernel<tf32,product,128>     256  160000   206/1   210/1   170/1
 */
#include "tensor_launch.h"

denseblock_status dblk_tensor_launch_tf32(void *stream, const tensor_arguments &arguments,
                                          const struct dblk_tensor_way *way, int products) {
    return launch_form<tensor_launcher<DBLK_TENSOR_TF32>>(stream, arguments, way, products);
}
