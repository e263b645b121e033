/* The tensor-core convolution as tensor_launch.h has it, by the matrix instructions of sm_90a. It has not
 * run on a GPU yet: only who asks for it gets it. Included by a file for each form.
 *
 * The same tiles, windows and halos. Twelve warps share the work. Four copy: a halo by cp_async, as
 * any alignment needs it, and a window's weights by one bulk copy. Eight multiply: two warpgroups
 * of 128 pixels, as two rows of matrices of 64, for all columns. Features go through registers, where
 * the ReLU is; weights stay in shared memory. Registers move from those who copy to those who multiply.
 *
 * Each place for a window has two barriers: `full`, on which its copies arrive, and `empty`, on which the
 * warps do that have used it. */
#ifndef DENSEBLOCK_CUDA_TENSOR_WGMMA_H
#define DENSEBLOCK_CUDA_TENSOR_WGMMA_H

#include "ptx_sm90.h"
#include "tensor_launch.h"

enum { WGMMA_REGISTERS = 232, WGMMA_COPY_REGISTERS = 40 };

/* Where windows are, in shared memory. */
enum { WGMMA_STAGES = TENSOR_ZEROS + TENSOR_BARRIERS };

template <dblk_tensor_form FORM_, dblk_tensor_window WINDOW_, int COLUMNS_>
struct wgmma_constants : tensor_constants<FORM_, WINDOW_, COLUMNS_> {
    static constexpr int ROWS = 2, ROW_PIXELS = 64;
    static constexpr int TILES = COLUMNS_ / 8;
    static constexpr int THREADS = 256;
    using sums = float[ROWS][TILES][4];

    static constexpr int COPY_THREADS = 128;
    static __device__ __forceinline__ int copy_thread(void) {
        return static_cast<int>(threadIdx.x) - THREADS;
    }
    static __device__ __forceinline__ void barrier(void) {
        named_barrier<1>(THREADS);
    }
};

struct wgmma_barriers {
    uint64_t full[DBLK_TENSOR_MOST_STAGES], empty[DBLK_TENSOR_MOST_STAGES];
};
static_assert(sizeof(wgmma_barriers) == TENSOR_BARRIERS, "behind the zeros");

/* Goes round the places for windows. */
struct wgmma_stage {
    int number, offset; /* in shared memory */
    unsigned parity;    /* of the barriers' phase */

    __device__ __forceinline__ void advance(const tensor_arguments &a) {
        offset += a.stage_bytes;
        if (++number == a.stages)
            *this = {0, WGMMA_STAGES, parity ^ 1};
    }
};

__device__ __forceinline__ wgmma_stage first_stage(void) {
    return {0, WGMMA_STAGES, 0};
}

/* ---- Copies ---- */

template <typename S>
__device__ __forceinline__ void
copy_window_weights(unsigned char *shared, wgmma_barriers *barriers, const tensor_arguments &a,
                    const tensor_place &place, const tensor_window &window,
                    const wgmma_stage &stage) {
    if (S::copy_thread() != 0)
        return;
    const unsigned bytes = static_cast<unsigned>(window.taps * S::TAP_BYTES);
    mbarrier_arrive_expect(&barriers->full[stage.number], bytes);
    bulk_copy(shared + stage.offset + a.halo_bytes, find_weights<S>(a, place, window), bytes,
              &barriers->full[stage.number]);
}

/* The windows of a piece of a tile. */
template <typename S>
__device__ __forceinline__ void
copy_piece_windows(unsigned char *shared, wgmma_barriers *barriers, const tensor_arguments &a,
                   const tensor_work &work, wgmma_stage *stage, bool is_first) {
    const int end_chunk = min(work.piece.chunk + work.piece.chunks, a.chunks);
    tensor_window window = first_window<S>(a, work.piece.chunk);
    /* The weights of the block's first window come while the kernel before this one still runs. */
    bool has_weights = is_first && window.chunk < end_chunk;
    if (has_weights)
        copy_window_weights<S>(shared, barriers, a, work.place, window, *stage);
    griddepcontrol_wait();
    for (; window.chunk < end_chunk; has_weights = false) {
        mbarrier_wait(&barriers->empty[stage->number], stage->parity ^ 1);
        if (!has_weights)
            copy_window_weights<S>(shared, barriers, a, work.place, window, *stage);
        copy_features<S>(shared + stage->offset, a, work.place, window);
        if (a.feature_bytes < 4) /* no asynchronous copies */
            mbarrier_arrive(&barriers->full[stage->number]);
        else
            cp_async_arrive(&barriers->full[stage->number]);
        __syncwarp(); /* some lanes have had less to copy */
        advance<S>(&window, a);
        stage->advance(a);
    }
}

/* Outputs of 16 bits are put together where windows were: the next tile's wait for that. */
template <typename S> __device__ __forceinline__ void wait_for_outputs(const tensor_work &work) {
    if (S::ELEMENT != 2 || !work.is_whole || work.is_last)
        return;
    proxy_fence(); /* bulk copies will write to where outputs were */
    named_barrier<2>(S::THREADS + S::COPY_THREADS);
}

template <typename S>
__device__ __forceinline__ void copy_share(unsigned char *shared, wgmma_barriers *barriers,
                                           const tensor_arguments &a, int unit) {
    wgmma_stage stage = first_stage();
    bool is_first = true, more = true;
    while (more) {
        const tensor_work work = find_work(a, unit);
        copy_piece_windows<S>(shared, barriers, a, work, &stage, is_first);
        wait_for_outputs<S>(work);
        unit += work.piece.chunks;
        more = !work.is_last;
        is_first = false;
    }
    cp_async_commit();
    cp_async_wait<0>();
}

/* ---- Products ---- */

template <dblk_tensor_form FORM> struct wgmma_operand;

template <> struct wgmma_operand<DBLK_TENSOR_F16> {
    template <int T>
    static __device__ __forceinline__ void
    multiply(float (&sums)[T][4], const uint32_t (&a)[1][4], uint64_t b, uint64_t) {
        wgmma_f16(sums, a[0], b);
    }
};

template <> struct wgmma_operand<DBLK_TENSOR_BF16> {
    template <int T>
    static __device__ __forceinline__ void
    multiply(float (&sums)[T][4], const uint32_t (&a)[1][4], uint64_t b, uint64_t) {
        wgmma_bf16(sums, a[0], b);
    }
};

template <> struct wgmma_operand<DBLK_TENSOR_TF32> {
    template <int T>
    static __device__ __forceinline__ void
    multiply(float (&sums)[T][4], const uint32_t (&a)[1][4], uint64_t b, uint64_t) {
        wgmma_tf32(sums, a[0], b);
    }
};

template <> struct wgmma_operand<DBLK_TENSOR_TF32X3> {
    template <int T>
    static __device__ __forceinline__ void
    multiply(float (&sums)[T][4], const uint32_t (&a)[3][4], uint64_t high, uint64_t low) {
        wgmma_tf32(sums, a[1], high);
        wgmma_tf32(sums, a[2], low);
        wgmma_tf32(sums, a[0], high);
    }
};

/* What a step multiplies, and the next one. */
template <typename S>
using wgmma_features =
    uint32_t[2][S::ROWS][tensor_operand<S::FORM, S::WINDOW != DBLK_TENSOR_PRODUCT>::PARTS][4];

/* One tap of a window, whose weights the descriptor names. A step's products run while the features of
 * the next one are loaded. */
template <typename S>
__device__ __forceinline__ void wgmma_tap(typename S::sums &sums, wgmma_features<S> &features,
                                          const unsigned char *shared, const int (&rows)[S::ROWS],
                                          int tap, uint64_t weights) {
    using operand = tensor_operand<S::FORM, S::WINDOW != DBLK_TENSOR_PRODUCT>;
    constexpr uint64_t PART = S::COLUMNS * TENSOR_STEP_BYTES / 16; /* in a descriptor's units */
    weights += static_cast<uint64_t>(tap * (S::TAP_BYTES / 16));
#pragma unroll
    for (int step = 0; step < S::STEPS; step++) {
        auto &a = features[(tap * S::STEPS + step) % 2];
#pragma unroll
        for (int r = 0; r < S::ROWS; r++) {
            uint32_t loaded[4];
            ldmatrix_x4(loaded, shared + rows[r] + step * TENSOR_STEP_BYTES);
            operand::make(a[r], loaded);
        }
        const uint64_t b = weights + static_cast<uint64_t>(step * S::PARTS) * PART;
        wgmma_fence();
#pragma unroll
        for (int r = 0; r < S::ROWS; r++)
            wgmma_operand<S::FORM>::multiply(sums[r], a[r], b, b + PART);
        wgmma_commit();
        wgmma_wait<1>();
    }
}

template <typename S> __device__ __forceinline__ void finish_products(typename S::sums &sums) {
    wgmma_wait<0>();
#pragma unroll
    for (int r = 0; r < S::ROWS; r++)
        wgmma_keep(sums[r]);
}

/* All products are done before the next turn of a loop begins: where some run on, ptxas makes each
 * instruction wait for the one before. The other warpgroup's go on. */
template <typename S>
__device__ __forceinline__ void
multiply_piece(typename S::sums &sums, const unsigned char *shared, wgmma_barriers *barriers,
               const tensor_arguments &a, const tensor_work &work, const tensor_warp &warp,
               wgmma_stage *stage) {
    constexpr unsigned LEADING = 128, STRIDE = 256;
    const tensor_pixels<S> pixels = find_pixels<S>(a, work.place, warp);
    const int end_chunk = min(work.piece.chunk + work.piece.chunks, a.chunks);
    tensor_window window = first_window<S>(a, work.piece.chunk);
    wgmma_features<S> features;
    for (; window.chunk < end_chunk; stage->advance(a)) {
        mbarrier_wait(&barriers->full[stage->number], stage->parity);
        const uint64_t weights =
            wgmma_descriptor(shared + stage->offset + a.halo_bytes, LEADING, STRIDE);
        for_each_tap<S>(stage->offset, a, pixels, window,
                        [&](const int(&rows)[S::ROWS], int tap) {
                            wgmma_tap<S>(sums, features, shared, rows, tap, weights);
                            if (S::WINDOW == DBLK_TENSOR_ROW)
                                finish_products<S>(sums);
                        });
        finish_products<S>(sums);
        __syncwarp();
        if (warp.lane == 0)
            mbarrier_arrive(&barriers->empty[stage->number]);
        advance<S>(&window, a);
    }
}

/* A warp of four that multiply together. */
template <typename S> __device__ __forceinline__ tensor_warp find_wgmma_warp(void) {
    const int thread = static_cast<int>(threadIdx.x), warp = thread / 32;
    return {thread % 32, warp / 4 * S::ROWS * S::ROW_PIXELS + warp % 4 * 16, 0};
}

template <typename S>
__device__ __forceinline__ void multiply_share(unsigned char *shared, wgmma_barriers *barriers,
                                               const tensor_arguments &a, int unit) {
    const tensor_warp warp = find_wgmma_warp<S>();
    wgmma_stage stage = first_stage();
    griddepcontrol_wait();
    bool more = true;
    while (more) {
        const tensor_work work = find_work(a, unit);
        typename S::sums sums;
        start_sums<S>(sums, a, work.place, warp, work.is_whole);
        multiply_piece<S>(sums, shared, barriers, a, work, warp, &stage);
        unit += work.piece.chunks;
        more = !work.is_last;
        if (!more)
            griddepcontrol_launch_dependents(); /* features have been read: the next may come */
        if (work.is_whole)
            finish_sums<S>(sums, shared + WGMMA_STAGES, a, work.place, warp);
        else
            store_partial<S>(sums, arguments_of_part<S>(a, work), work.place, warp);
        wait_for_outputs<S>(work);
    }
}

template <dblk_tensor_form FORM, dblk_tensor_window WINDOW, int COLUMNS>
__global__ void __launch_bounds__(wgmma_constants<FORM, WINDOW, COLUMNS>::THREADS +
                                      wgmma_constants<FORM, WINDOW, COLUMNS>::COPY_THREADS,
                                  1) dblk_tensor_wgmma_kernel(const tensor_arguments given) {
    using S = wgmma_constants<FORM, WINDOW, COLUMNS>;
    tensor_arguments a = given;
    if (WINDOW == DBLK_TENSOR_PRODUCT) {
        a.features += blockIdx.z * a.product_features;
        a.weights += blockIdx.z * a.product_weights;
        a.sums += blockIdx.z * a.product_sums;
    }
    SHARED_MEMORY(unsigned char, shared_begin);
    unsigned char *shared = &shared_begin;
    wgmma_barriers *barriers = reinterpret_cast<wgmma_barriers *>(shared + TENSOR_ZEROS);
    if (threadIdx.x < TENSOR_ZEROS / TENSOR_PIECE)
        store_vector(shared + threadIdx.x * TENSOR_PIECE, uint4{0, 0, 0, 0});
    if (threadIdx.x == 0) {
        for (int i = 0; i < a.stages; i++) {
            mbarrier_init(&barriers->full[i], S::COPY_THREADS + 1);
            mbarrier_init(&barriers->empty[i], S::THREADS / 32);
        }
        mbarrier_init_fence();
    }
    __syncthreads();
    const int unit = dblk_tensor_share_begin(find_shares(a), static_cast<int>(blockIdx.x));
    if (threadIdx.x >= S::THREADS) {
        registers_give<WGMMA_COPY_REGISTERS>();
        copy_share<S>(shared, barriers, a, unit);
    } else {
        registers_take<WGMMA_REGISTERS>();
        multiply_share<S>(shared, barriers, a, unit);
    }
}

/* ---- The launcher ---- */

template <dblk_tensor_form FORM, dblk_tensor_window WINDOW, int COLUMNS>
static denseblock_status launch_wgmma(void *stream, tensor_arguments a,
                                      const struct dblk_tensor_way *way, int products) {
    using S = wgmma_constants<FORM, WINDOW, COLUMNS>;
    tensor_grid grid;
    const denseblock_status status = prepare_launch<S>(
        reinterpret_cast<const void *>(dblk_tensor_wgmma_kernel<FORM, WINDOW, COLUMNS>), way,
        products, &a, &grid);
    if (status != DENSEBLOCK_OK)
        return status;
    LAUNCH_DEPENDENT(a.dependent, (dblk_tensor_wgmma_kernel<FORM, WINDOW, COLUMNS>), grid.blocks,
                     S::THREADS + S::COPY_THREADS, grid.shared_bytes,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_tensor_wgmma_kernel");
}

template <dblk_tensor_form FORM> struct wgmma_launcher {
    template <dblk_tensor_window WINDOW>
    static denseblock_status launch(void *stream, const tensor_arguments &a,
                                    const struct dblk_tensor_way *way, int products) {
        if (way->tile_columns == dblk_tensor_wide(FORM))
            return launch_wgmma<FORM, WINDOW, dblk_tensor_wide(FORM)>(stream, a, way, products);
        return launch_wgmma<FORM, WINDOW, DBLK_TENSOR_NARROW>(stream, a, way, products);
    }
};

#endif
