/* relu -> convolution -> concatenation, or sum, on tensor cores, in one kernel: reads channels of a
 * tensor, and writes others, or those of another tensor. Included by a file for each form, so that they
 * are compiled apart.
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
#include <inttypes.h>
#include <limits.h>

#include "cuda_check.h"
#include "status/fail.h"
#include "tensor_copy.h"
#include "tensor_forms.h"
#include "tensor_product.h"
#include "tensor_sums.h"

/* The compiler now believes these to be new values: what was computed from the old ones is computed
 * again and takes no registers until then. */
__device__ __forceinline__ void forget(int *unit, int *thread) {
    asm volatile("" : "+r"(*unit), "+r"(*thread));
}

/* The sums of a tile's pixels and columns over the channels of a piece, and what they begin with if
 * that is all. */
template <typename S>
__device__ __forceinline__ void sum_piece(typename S::sums &sums, unsigned char *shared,
                                          const tensor_arguments &a, const tensor_work &work,
                                          const tensor_warp &warp) {
    const tensor_place &place = work.place;
    const tensor_pixels<S> pixels = find_pixels<S>(a, place, warp);
    const int end_chunk = min(work.piece.chunk + work.piece.chunks, a.chunks);
    tensor_window copied = first_window<S>(a, work.piece.chunk), now = copied;
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
    start_sums<S>(sums, a, place, warp, work.is_whole);
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
    cp_async_wait<0>();
}

template <dblk_tensor_form FORM, dblk_tensor_window WINDOW, int COLUMNS>
__global__ void __launch_bounds__(tensor_constants<FORM, WINDOW, COLUMNS>::THREADS,
                                  tensor_constants<FORM, WINDOW, COLUMNS>::BLOCKS)
    dblk_tensor_kernel(const tensor_arguments given) {
    using S = tensor_constants<FORM, WINDOW, COLUMNS>;
    tensor_arguments a = given;
    if (WINDOW == DBLK_TENSOR_PRODUCT) {
        a.features += blockIdx.z * a.product_features;
        a.weights += blockIdx.z * a.product_weights;
        a.sums += blockIdx.z * a.product_sums;
    }
    SHARED_MEMORY(unsigned char, shared_begin);
    unsigned char *shared = &shared_begin;
    if (threadIdx.x < TENSOR_ZEROS / TENSOR_PIECE)
        store_vector(shared + threadIdx.x * TENSOR_PIECE, uint4{0, 0, 0, 0});
    int thread = static_cast<int>(threadIdx.x);

    int unit = dblk_tensor_share_begin(find_shares(a), static_cast<int>(blockIdx.x));
    bool more = true;
    while (more) {
        typename S::sums sums;
        sum_piece<S>(sums, shared, a, find_work(a, unit), find_warp<S>(thread));
        forget(&unit, &thread);
        const tensor_warp warp = find_warp<S>(thread);
        const tensor_work work = find_work(a, unit);
        more = !work.is_last;
        unit += work.piece.chunks;
        if (!more)
            griddepcontrol_launch_dependents(); /* features have been read: the next may come */
        if (work.is_whole)
            finish_sums<S>(sums, shared + TENSOR_ZEROS, a, work.place, warp);
        else
            store_partial<S>(sums, arguments_of_part<S>(a, work), work.place, warp);
        if (more)
            __syncthreads(); /* the next tile's windows come to where this one's sums were */
    }
}

/* ---- The launcher ---- */

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
    const int64_t tiles = dblk_tensor_tiles(way, a->pixels, a->columns);
    const int64_t units = tiles * dblk_tensor_chunks(way, a->channels);
    if (way->stages < 2 || way->stages > DBLK_TENSOR_MOST_STAGES || shared_bytes > INT_MAX)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "no tensor-core convolution of %d stages",
                         way->stages);
    if (way->blocks < 0 || way->blocks > units)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "no tensor-core convolution by %d blocks: its tiles have %" PRId64
                         " chunks of channels",
                         way->blocks, units);
    if (units > INT_MAX)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cuda backend cannot launch a convolution of this size at once");
    a->chunks = (a->channels + S::CHUNK - 1) / S::CHUNK;
    a->tile_weights =
        static_cast<int64_t>(a->kernel_height) * a->kernel_width * a->chunks * S::TAP_BYTES;
    a->product_weights = a->tile_weights * column_tiles;
    a->column_tiles = static_cast<int>(column_tiles);
    a->tiles = static_cast<int>(tiles);
    a->halo_bytes = static_cast<int>(dblk_tensor_positions(S::WINDOW, a->width) * S::PITCH);
    a->stage_bytes = a->halo_bytes + S::TAPS * S::TAP_BYTES;
    a->stages = way->stages;
    *grid = {dim3(static_cast<unsigned>(way->blocks == 0 ? tiles : way->blocks), 1,
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
