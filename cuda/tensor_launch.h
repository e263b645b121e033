/* relu -> convolution -> concatenation on tensor cores, in one kernel: reads channels of y, and writes
 * others. Included by a file for each form, so that they are compiled apart.
 *
 * Implicit GEMM. A block computes 256 pixels, which follow one another in memory, over the rows' and the
 * images' ends, for 128 or 32 columns: no pixel is computed that is not wanted but in the last block.
 * Its halo is what lies between the first and the last pixel that its taps reach, and a tap is an
 * offset in it; where a tap is outside of the image, the lane points to zeros instead. A warp computes
 * 64 pixels for 64 columns (32 in the narrow tile): for a tap and step, 4 matrices of features and 4
 * (2) pieces of weights are loaded, for 32 (16) matrix instructions. The ReLU is applied to what has
 * been loaded.
 *
 * A window of taps, features and weights, is in shared memory while it is multiplied, and one or two
 * further ones arrive. */
#include <limits.h>

#include "cuda_check.h"
#include "status/fail.h"
#include "tensor_copy.h"
#include "tensor_forms.h"
#include "tensor_product.h"
#include "tensor_sums.h"

template <dblk_tensor_form FORM, dblk_tensor_window WINDOW, int COLUMNS>
__global__ void __launch_bounds__(tensor_constants<FORM, WINDOW, COLUMNS>::THREADS)
    dblk_tensor_kernel(const tensor_arguments given) {
    using S = tensor_constants<FORM, WINDOW, COLUMNS>;
    tensor_arguments a = given;
    a.sums += blockIdx.y * a.split_sums;
    if (WINDOW == DBLK_TENSOR_PRODUCT) {
        a.features += blockIdx.z * a.product_features;
        a.weights += blockIdx.z * a.product_weights;
        a.sums += blockIdx.z * a.product_sums;
    }
    SHARED_MEMORY(unsigned char, shared_begin);
    unsigned char *shared = &shared_begin;

    const tensor_place place = {static_cast<int>(blockIdx.x) / a.column_tiles *
                                    DBLK_TENSOR_PIXELS,
                                static_cast<int>(blockIdx.x) % a.column_tiles};
    const tensor_warp warp = find_warp<S>();
    const tensor_pixels<S> pixels = find_pixels<S>(a, place, warp);
    if (threadIdx.x < TENSOR_ZEROS / TENSOR_PIECE)
        store_vector(shared + threadIdx.x * TENSOR_PIECE, uint4{0, 0, 0, 0});

    const int split = static_cast<int>(blockIdx.y), splits = static_cast<int>(gridDim.y);
    const int end_chunk = divide_chunks(a.chunks, split + 1, splits);
    tensor_window copied = first_window<S>(a, divide_chunks(a.chunks, split, splits)),
                  now = copied;
    int copied_stage = TENSOR_ZEROS, stage = TENSOR_ZEROS;
    const int end = TENSOR_ZEROS + a.stages * a.stage_bytes;
    const auto copy_next = [&](bool with_weights) {
        if (copied.chunk < end_chunk) {
            if (with_weights)
                copy_weights<S>(shared + copied_stage + a.halo_bytes, a, place, copied);
            copy_features<S>(shared + copied_stage, a, place, copied);
            advance<S>(&copied, a);
            copied_stage =
                copied_stage + a.stage_bytes < end ? copied_stage + a.stage_bytes : TENSOR_ZEROS;
        }
        cp_async_commit(); /* a group for each window, also for those that there are not */
    };
    /* The weights of the first window come while the kernel before this one still runs. */
    if (copied.chunk < end_chunk)
        copy_weights<S>(shared + copied_stage + a.halo_bytes, a, place, copied);
    griddepcontrol_wait();
    typename S::sums sums;
    start_sums<S>(sums, a, place, warp);
    for (int i = 1; i < a.stages; i++)
        copy_next(i > 1);
    while (now.chunk < end_chunk) {
        if (a.stages == 2)
            cp_async_wait<0>();
        else if (a.stages == 3)
            cp_async_wait<1>();
        else
            cp_async_wait<2>();
        __syncthreads(); /* this window has come, and the one before has been used, by all */
        copy_next(true);
        multiply_window<S>(sums, shared, stage, a, pixels, warp, now);
        advance<S>(&now, a);
        stage = stage + a.stage_bytes < end ? stage + a.stage_bytes : TENSOR_ZEROS;
    }
    griddepcontrol_launch_dependents(); /* all has been read: the next kernel's blocks may come */
    cp_async_wait<0>();
    finish_sums<S>(sums, shared, a, place, warp);
}

/* ---- The launcher ---- */

/* The largest power of two up to 16 that divides all of them. */
static inline int access_bytes(const void *first, int64_t stride) {
    const uintptr_t all =
        reinterpret_cast<uintptr_t>(first) | static_cast<uintptr_t>(stride) | 16;
    return static_cast<int>(all & (~all + 1));
}

struct tensor_grid {
    dim3 blocks;
    size_t shared_bytes;
};

/* Completes the arguments with what follows from the kernel's constants, and sets the grid. */
template <typename S>
static denseblock_status prepare_launch(const void *kernel, const struct dblk_tensor_way *way,
                                        int products, tensor_arguments *a, tensor_grid *grid) {
    const size_t shared_bytes = dblk_tensor_shared_bytes(way, a->width);
    const int64_t column_tiles = (a->columns - 1) / S::COLUMNS + 1;
    const int64_t blocks =
        ((static_cast<int64_t>(a->pixels) - 1) / DBLK_TENSOR_PIXELS + 1) * column_tiles;
    if (way->stages < 2 || way->stages > DBLK_TENSOR_MOST_STAGES || shared_bytes > INT_MAX)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "no tensor-core convolution of %d stages",
                         way->stages);
    if (blocks > INT_MAX)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cuda backend cannot launch a convolution of this size at once");
    a->chunks = (a->channels + S::CHUNK - 1) / S::CHUNK;
    a->tile_weights =
        static_cast<int64_t>(a->kernel_height) * a->kernel_width * a->chunks * S::TAP_BYTES;
    a->product_weights = a->tile_weights * column_tiles;
    a->column_tiles = static_cast<int>(column_tiles);
    a->halo_bytes = static_cast<int>(dblk_tensor_positions(S::WINDOW, a->width) * S::PITCH);
    a->stage_bytes = a->halo_bytes + S::TAPS * S::TAP_BYTES;
    a->stages = way->stages;
    *grid = {dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(way->splits),
                  static_cast<unsigned>(products)),
             shared_bytes};
    return dblk_cuda_check(cudaFuncSetAttribute(kernel,
                                                cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                static_cast<int>(shared_bytes)),
                           "cudaFuncSetAttribute");
}

template <dblk_tensor_form FORM, dblk_tensor_window WINDOW, int COLUMNS>
static denseblock_status launch(void *stream, tensor_arguments a,
                                const struct dblk_tensor_way *way, int products) {
    using S = tensor_constants<FORM, WINDOW, COLUMNS>;
    tensor_grid grid;
    const denseblock_status status = prepare_launch<S>(
        reinterpret_cast<const void *>(dblk_tensor_kernel<FORM, WINDOW, COLUMNS>), way, products,
        &a, &grid);
    if (status != DENSEBLOCK_OK)
        return status;
    LAUNCH_DEPENDENT(a.dependent, (dblk_tensor_kernel<FORM, WINDOW, COLUMNS>), grid.blocks,
                     S::THREADS, grid.shared_bytes, static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_tensor_kernel");
}

template <dblk_tensor_form FORM> struct tensor_launcher {
    template <dblk_tensor_window WINDOW>
    static denseblock_status launch(void *stream, const tensor_arguments &a,
                                    const struct dblk_tensor_way *way, int products) {
        if (way->tile_columns == dblk_tensor_wide(FORM))
            return ::launch<FORM, WINDOW, dblk_tensor_wide(FORM)>(stream, a, way, products);
        return ::launch<FORM, WINDOW, DBLK_TENSOR_NARROW>(stream, a, way, products);
    }
};

/* The kernels of a launcher, by their windows. */
template <typename L>
static denseblock_status launch_form(void *stream, const tensor_arguments &a,
                                     const struct dblk_tensor_way *way, int products) {
    switch (way->window) {
    case DBLK_TENSOR_1X1:
        return L::template launch<DBLK_TENSOR_1X1>(stream, a, way, products);
    case DBLK_TENSOR_3X3:
        return L::template launch<DBLK_TENSOR_3X3>(stream, a, way, products);
    case DBLK_TENSOR_ROW:
        return L::template launch<DBLK_TENSOR_ROW>(stream, a, way, products);
    case DBLK_TENSOR_PRODUCT:
        break;
    }
    return L::template launch<DBLK_TENSOR_PRODUCT>(stream, a, way, products);
}
