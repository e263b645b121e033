/* Mistakes with mbarriers, bulk copies and named barriers. */
#include "seeded.h"

#include "ptx.h"
#include "ptx_sm90.h"
#include "vector_access.h"

enum { BLOCK = 64, PIECES = 64, BYTES = PIECES * 16 };

struct copy_room {
    uint64_t full, spare;
    uint4 pieces[PIECES];
};

static uint4 *make_output(void) {
    return (uint4 *)device_memory(BYTES);
}

static const uint4 *make_input(void) {
    return (const uint4 *)device_filled(BYTES, 7);
}

#define LAUNCH_ONE_OF(kernel, wrong, ...)                                              \
    do {                                                                               \
        if (wrong)                                                                     \
            LAUNCH((kernel<true>), 1, BLOCK, sizeof(copy_room), NULL, ##__VA_ARGS__);  \
        else                                                                           \
            LAUNCH((kernel<false>), 1, BLOCK, sizeof(copy_room), NULL, ##__VA_ARGS__); \
    } while (0)

__device__ static void make_barrier(uint64_t *barrier, unsigned arrivals) {
    if (threadIdx.x == 0) {
        mbarrier_init(barrier, arrivals);
        mbarrier_init_fence();
    }
    __syncthreads();
}

__device__ static void copy_all(copy_room &shared, const uint4 *in) {
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, BYTES);
        bulk_copy(shared.pieces, in, BYTES, &shared.full);
    }
}

__device__ static void store_other(uint4 *out, const copy_room &shared) {
    const unsigned other = BLOCK - 1 - threadIdx.x;
    store_vector(out + threadIdx.x, load_vector<uint4>(&shared.pieces[other]));
}

/* ---- mbarriers ---- */

template <bool WRONG> __global__ void not_initialised_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(WRONG ? &shared.spare : &shared.full, 1);
    copy_all(shared, in);
    mbarrier_wait(&shared.full, 0);
    store_other(out, shared);
}

extern "C" void seeded_mbarrier_not_initialised(bool wrong) {
    LAUNCH_ONE_OF(not_initialised_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void touched_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    copy_all(shared, in);
    mbarrier_wait(&shared.full, 0);
    if (threadIdx.x == 5)
        *(WRONG ? &shared.full : &shared.spare) = 0;
    store_other(out, shared);
}

extern "C" void seeded_mbarrier_touched(bool wrong) {
    LAUNCH_ONE_OF(touched_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void twice_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    make_barrier(WRONG ? &shared.full : &shared.spare, 1);
    copy_all(shared, in);
    mbarrier_wait(&shared.full, 0);
    store_other(out, shared);
}

extern "C" void seeded_mbarrier_initialised_twice(bool wrong) {
    LAUNCH_ONE_OF(twice_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void crooked_kernel(void) {
    SHARED_MEMORY(copy_room, shared);
    char *place = (char *)&shared.full + (WRONG ? 4 : 0);
    make_barrier((uint64_t *)(void *)place, 1);
}

extern "C" void seeded_mbarrier_misaligned(bool wrong) {
    LAUNCH_ONE_OF(crooked_kernel, wrong);
}

/* More arrivals than the phase has, while its bytes are on the way. */
template <bool WRONG> __global__ void arrivals_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 2);
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, BYTES);
        mbarrier_arrive(&shared.full);
        if (WRONG)
            mbarrier_arrive(&shared.full);
        bulk_copy(shared.pieces, in, BYTES, &shared.full);
    }
    mbarrier_wait(&shared.full, 0);
    store_other(out, shared);
}

extern "C" void seeded_mbarrier_arrivals(bool wrong) {
    LAUNCH_ONE_OF(arrivals_kernel, wrong, make_output(), make_input());
}

/* What is handed over by ordinary stores, from one warp to another. */
template <bool WRONG> __global__ void hand_over_kernel(uint4 *out) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, BLOCK / 2);
    const unsigned lane = threadIdx.x % 32;
    if (threadIdx.x < 32) {
        if (WRONG)
            mbarrier_arrive(&shared.full);
        store_vector(&shared.pieces[lane], make_uint4(lane, 0, 0, 0));
        if (!WRONG)
            mbarrier_arrive(&shared.full);
    } else {
        mbarrier_wait(&shared.full, 0);
        store_vector(out + lane, load_vector<uint4>(&shared.pieces[lane ^ 1]));
    }
}

extern "C" void seeded_mbarrier_arrival_too_early(bool wrong) {
    LAUNCH_ONE_OF(hand_over_kernel, wrong, make_output());
}

/* One lane waits for its warp. */
template <bool WRONG> __global__ void elected_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    copy_all(shared, in);
    if (threadIdx.x % 32 == 3)
        mbarrier_wait(&shared.full, 0);
    if (!WRONG)
        __syncwarp();
    store_other(out, shared);
}

extern "C" void seeded_one_lane_waits(bool wrong) {
    LAUNCH_ONE_OF(elected_kernel, wrong, make_output(), make_input());
}

/* Every reader arrives for itself, and then the first thread writes. */
template <bool WRONG> __global__ void readers_kernel(uint4 *out) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, WRONG ? BLOCK - 1 : BLOCK);
    if (threadIdx.x == 0)
        store_vector(&shared.pieces[0], make_uint4(1, 2, 3, 4));
    __syncthreads();
    const uint4 value = load_vector<uint4>(&shared.pieces[0]);
    if (!WRONG || threadIdx.x != 40)
        mbarrier_arrive(&shared.full);
    if (threadIdx.x == 0) {
        mbarrier_wait(&shared.full, 0);
        store_vector(&shared.pieces[0], make_uint4(0, 0, 0, 0));
    }
    store_vector(out + threadIdx.x, value);
}

extern "C" void seeded_one_reader_does_not_arrive(bool wrong) {
    LAUNCH_ONE_OF(readers_kernel, wrong, make_output());
}

template <bool WRONG> __global__ void parity_kernel(void) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, BLOCK);
    mbarrier_arrive(&shared.full);
    mbarrier_wait(&shared.full, WRONG ? 2 : 0);
}

extern "C" void seeded_no_parity(bool wrong) {
    LAUNCH_ONE_OF(parity_kernel, wrong);
}

/* ---- Copies ---- */

template <bool WRONG> __global__ void copy_misaligned_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, 32);
        bulk_copy(shared.pieces, (const char *)in + (WRONG ? 8 : 16), 32, &shared.full);
    }
    mbarrier_wait(&shared.full, 0);
    if (threadIdx.x < 2)
        store_vector(out + threadIdx.x, load_vector<uint4>(&shared.pieces[threadIdx.x]));
}

extern "C" void seeded_bulk_copy_misaligned(bool wrong) {
    LAUNCH_ONE_OF(copy_misaligned_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void copy_bounds_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    if (threadIdx.x == 0) {
        mbarrier_arrive_expect(&shared.full, BYTES - 16);
        bulk_copy(shared.pieces, in + (WRONG ? 2 : 1), BYTES - 16, &shared.full);
    }
    mbarrier_wait(&shared.full, 0);
    if (threadIdx.x < PIECES - 1)
        store_vector(out + threadIdx.x, load_vector<uint4>(&shared.pieces[threadIdx.x]));
}

extern "C" void seeded_bulk_copy_past_the_end(bool wrong) {
    LAUNCH_ONE_OF(copy_bounds_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void copy_over_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    store_vector(&shared.pieces[threadIdx.x], make_uint4(1, 1, 1, 1));
    if (!WRONG)
        __syncthreads();
    copy_all(shared, in);
    mbarrier_wait(&shared.full, 0);
    store_other(out, shared);
}

extern "C" void seeded_bulk_copy_over_what_is_written(bool wrong) {
    LAUNCH_ONE_OF(copy_over_kernel, wrong, make_output(), make_input());
}

template <bool WRONG> __global__ void left_kernel(const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    copy_all(shared, in);
    if (!WRONG && threadIdx.x == 0)
        mbarrier_wait(&shared.full, 0);
}

extern "C" void seeded_bulk_copy_left_behind(bool wrong) {
    LAUNCH_ONE_OF(left_kernel, wrong, make_input());
}

/* A barrier of the block does not wait for copies. */
template <bool WRONG> __global__ void block_barrier_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, 1);
    copy_all(shared, in);
    if (!WRONG && threadIdx.x == 0)
        mbarrier_wait(&shared.full, 0);
    __syncthreads();
    store_other(out, shared);
    if (WRONG)
        mbarrier_wait(&shared.full, 0);
}

extern "C" void seeded_block_barrier_for_a_copy(bool wrong) {
    LAUNCH_ONE_OF(block_barrier_kernel, wrong, make_output(), make_input());
}

/* cp_async_arrive tells of copies, not of stores. */
template <bool WRONG> __global__ void stores_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, WRONG ? 32 : 64);
    const unsigned lane = threadIdx.x % 32;
    if (threadIdx.x < 32) {
        if (lane < 16)
            cp_async_16(&shared.pieces[lane], in + lane);
        else
            store_vector(&shared.pieces[lane], make_uint4(0, 0, 0, 0));
        cp_async_arrive(&shared.full);
        if (!WRONG)
            mbarrier_arrive(&shared.full);
    } else {
        mbarrier_wait(&shared.full, 0);
        store_vector(out + lane, load_vector<uint4>(&shared.pieces[31 - lane]));
    }
}

extern "C" void seeded_stores_beside_copies(bool wrong) {
    LAUNCH_ONE_OF(stores_kernel, wrong, make_output(), make_input());
}

/* The thread that copies waits for its own copies too, ahead of the mbarrier. */
template <bool WRONG> __global__ void own_copies_kernel(uint4 *out, const uint4 *in) {
    SHARED_MEMORY(copy_room, shared);
    make_barrier(&shared.full, BLOCK);
    cp_async_16(&shared.pieces[threadIdx.x], in + threadIdx.x);
    cp_async_arrive(&shared.full);
    cp_async_commit();
    if (!WRONG)
        cp_async_wait<0>();
    const uint4 own = load_vector<uint4>(&shared.pieces[threadIdx.x]);
    mbarrier_wait(&shared.full, 0);
    const uint4 other = load_vector<uint4>(&shared.pieces[BLOCK - 1 - threadIdx.x]);
    store_vector(out + threadIdx.x, make_uint4(own.x, other.y, own.z, other.w));
}

extern "C" void seeded_own_copies(bool wrong) {
    LAUNCH_ONE_OF(own_copies_kernel, wrong, make_output(), make_input());
}

/* ---- Named barriers ---- */

template <bool WRONG> __global__ void counts_kernel(void) {
    if (threadIdx.x < 32)
        named_barrier<2>(64);
    else
        named_barrier<2>(WRONG ? 32 : 64);
}

extern "C" void seeded_named_barrier_counts(bool wrong) {
    LAUNCH_ONE_OF(counts_kernel, wrong);
}

template <bool WRONG> __global__ void numbers_kernel(void) {
    if (threadIdx.x < 32)
        named_barrier<2>(64);
    else
        named_barrier<WRONG ? 3 : 2>(64);
}

extern "C" void seeded_named_barrier_numbers(bool wrong) {
    LAUNCH_ONE_OF(numbers_kernel, wrong);
}

template <bool WRONG> __global__ void part_of_a_warp_kernel(void) {
    if (!WRONG || threadIdx.x % 32 < 16)
        named_barrier<1>(64);
}

extern "C" void seeded_named_barrier_of_half_warps(bool wrong) {
    LAUNCH_ONE_OF(part_of_a_warp_kernel, wrong);
}

template <bool WRONG> __global__ void exchange_kernel(uint4 *out) {
    SHARED_MEMORY(copy_room, shared);
    store_vector(&shared.pieces[threadIdx.x], make_uint4(1, 1, 1, 1));
    named_barrier<5>(WRONG ? 32 : 64);
    store_other(out, shared);
}

extern "C" void seeded_named_barrier_of_too_few(bool wrong) {
    LAUNCH_ONE_OF(exchange_kernel, wrong, make_output());
}
