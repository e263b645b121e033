/* Small kernels, each in two forms: right, and with one mistake in it. Every function makes its own
 * device memory and launches one of the two. */
#ifndef TESTS_EMULATOR_SEEDED_H
#define TESTS_EMULATOR_SEEDED_H

#include <stdbool.h>

#include "arena.h"
#include "emulator.h"

/* The mistake, and what has to be reported. */
#define SEEDED_BUGS(BUG)                                     \
    /* bounds.cu */                                          \
    BUG(halo_off_by_one, EMULATOR_OUT_OF_BOUNDS)             \
    BUG(write_past_the_end, EMULATOR_OUT_OF_BOUNDS)          \
    BUG(no_padding_predicate, EMULATOR_OUT_OF_BOUNDS)        \
    BUG(shared_past_the_end, EMULATOR_OUT_OF_BOUNDS)         \
    BUG(index_overflow, EMULATOR_OUT_OF_BOUNDS)              \
    BUG(index_overflow, EMULATOR_UNDEFINED)                  \
    BUG(use_after_free, EMULATOR_OUT_OF_BOUNDS)              \
    BUG(local_memory_of_another, EMULATOR_OUT_OF_BOUNDS)     \
    BUG(local_array_too_short, EMULATOR_UNDEFINED)           \
    BUG(host_heap, EMULATOR_HOST_POINTER)                    \
    BUG(host_variable, EMULATOR_HOST_POINTER)                \
    BUG(misaligned_vector, EMULATOR_MISALIGNED)              \
    BUG(misaligned_scalar, EMULATOR_MISALIGNED)              \
    BUG(copy_past_the_end, EMULATOR_OUT_OF_BOUNDS)           \
    /* memory.cu */                                          \
    BUG(two_blocks_write, EMULATOR_WRITTEN_TWICE)            \
    BUG(two_threads_write, EMULATOR_WRITTEN_TWICE)           \
    BUG(read_of_another_block, EMULATOR_RACE)                \
    BUG(write_under_a_reader, EMULATOR_RACE)                 \
    BUG(write_under_two_warps, EMULATOR_RACE)                \
    BUG(write_under_a_lane, EMULATOR_RACE)                   \
    BUG(write_after_an_earlier_block, EMULATOR_RACE)         \
    BUG(plain_beside_atomic, EMULATOR_RACE)                  \
    BUG(plain_in_an_earlier_block, EMULATOR_RACE)            \
    BUG(plain_before_atomic, EMULATOR_RACE)                  \
    BUG(device_read_before_write, EMULATOR_NOT_WRITTEN)      \
    BUG(shared_read_before_write, EMULATOR_NOT_WRITTEN)      \
    BUG(too_much_shared_memory, EMULATOR_BAD_LAUNCH)         \
    BUG(too_many_threads, EMULATOR_BAD_LAUNCH)               \
    BUG(grid_too_high, EMULATOR_BAD_LAUNCH)                  \
    BUG(empty_grid, EMULATOR_BAD_LAUNCH)                     \
    /* barriers.cu */                                        \
    BUG(no_barrier_after_store, EMULATOR_RACE)               \
    BUG(no_barrier_before_reuse, EMULATOR_RACE)              \
    BUG(neighbouring_halves, EMULATOR_RACE)                  \
    BUG(early_exit, EMULATOR_DIVERGENCE)                     \
    BUG(barriers_in_two_branches, EMULATOR_DIVERGENCE)       \
    BUG(barrier_of_half_the_block, EMULATOR_DIVERGENCE)      \
    BUG(one_barrier_more, EMULATOR_DIVERGENCE)               \
    /* copies.cu */                                          \
    BUG(wait_too_weak, EMULATOR_IN_FLIGHT)                   \
    BUG(no_commit, EMULATOR_IN_FLIGHT)                       \
    BUG(store_in_flight, EMULATOR_IN_FLIGHT)                 \
    BUG(no_barrier_after_wait, EMULATOR_RACE)                \
    BUG(barrier_before_wait, EMULATOR_RACE)                  \
    BUG(copy_over_what_is_read, EMULATOR_RACE)               \
    BUG(copy_misaligned, EMULATOR_MISALIGNED)                \
    BUG(copy_half_written, EMULATOR_NOT_WRITTEN)             \
    /* warps.cu */                                           \
    BUG(no_warp_barrier, EMULATOR_RACE)                      \
    BUG(warp_barrier_of_half, EMULATOR_RACE)                 \
    BUG(warp_barrier_too_early, EMULATOR_RACE)               \
    BUG(shuffle_from_a_lane_that_ended, EMULATOR_DIVERGENCE) \
    BUG(mask_without_the_caller, EMULATOR_DIVERGENCE)        \
    BUG(shuffle_from_outside_the_mask, EMULATOR_DIVERGENCE)  \
    BUG(shuffle_in_a_branch, EMULATOR_DIVERGENCE)            \
    BUG(ldmatrix_of_unordered_stores, EMULATOR_RACE)         \
    BUG(ldmatrix_misaligned, EMULATOR_MISALIGNED)            \
    BUG(ldmatrix_past_the_end, EMULATOR_OUT_OF_BOUNDS)       \
    BUG(mma_after_an_exit, EMULATOR_DIVERGENCE)              \
    /* mbarriers.cu */                                       \
    BUG(mbarrier_not_initialised, EMULATOR_MISUSED)          \
    BUG(mbarrier_touched, EMULATOR_MISUSED)                  \
    BUG(mbarrier_initialised_twice, EMULATOR_MISUSED)        \
    BUG(mbarrier_misaligned, EMULATOR_MISALIGNED)            \
    BUG(mbarrier_arrivals, EMULATOR_MISUSED)                 \
    BUG(mbarrier_arrival_too_early, EMULATOR_RACE)           \
    BUG(one_lane_waits, EMULATOR_IN_FLIGHT)                  \
    BUG(one_reader_does_not_arrive, EMULATOR_RACE)           \
    BUG(no_parity, EMULATOR_MISUSED)                         \
    BUG(bulk_copy_misaligned, EMULATOR_MISALIGNED)           \
    BUG(bulk_copy_past_the_end, EMULATOR_OUT_OF_BOUNDS)      \
    BUG(bulk_copy_over_what_is_written, EMULATOR_RACE)       \
    BUG(bulk_copy_left_behind, EMULATOR_MISUSED)             \
    BUG(block_barrier_for_a_copy, EMULATOR_IN_FLIGHT)        \
    BUG(stores_beside_copies, EMULATOR_RACE)                 \
    BUG(own_copies, EMULATOR_IN_FLIGHT)                      \
    BUG(named_barrier_counts, EMULATOR_DIVERGENCE)           \
    BUG(named_barrier_numbers, EMULATOR_DIVERGENCE)          \
    BUG(named_barrier_of_half_warps, EMULATOR_DIVERGENCE)    \
    BUG(named_barrier_of_too_few, EMULATOR_RACE)             \
    /* warpgroups.cu */                                      \
    BUG(wgmma_without_a_fence, EMULATOR_MISUSED)             \
    BUG(wgmma_fence_too_early, EMULATOR_MISUSED)             \
    BUG(wgmma_not_committed, EMULATOR_MISUSED)               \
    BUG(wgmma_wait_too_weak, EMULATOR_MISUSED)               \
    BUG(wgmma_of_what_is_not_written, EMULATOR_NOT_WRITTEN)  \
    BUG(wgmma_past_the_end, EMULATOR_OUT_OF_BOUNDS)          \
    BUG(wgmma_of_ordinary_stores, EMULATOR_RACE)             \
    BUG(wgmma_of_cp_async, EMULATOR_RACE)                    \
    BUG(wgmma_in_two_branches, EMULATOR_DIVERGENCE)          \
    BUG(wgmma_of_two_matrices, EMULATOR_MISUSED)             \
    BUG(wgmma_of_half_a_group, EMULATOR_DIVERGENCE)          \
    BUG(wgmma_overwritten, EMULATOR_RACE)                    \
    BUG(registers_of_some_warps, EMULATOR_DIVERGENCE)        \
    BUG(registers_in_the_wrong_direction, EMULATOR_MISUSED)  \
    /* dependence.cu */                                      \
    BUG(load_before_dependency, EMULATOR_DEPENDENCE)         \
    BUG(load_two_launches_behind, EMULATOR_DEPENDENCE)       \
    BUG(copy_before_dependency, EMULATOR_DEPENDENCE)         \
    BUG(store_before_dependency, EMULATOR_DEPENDENCE)        \
    BUG(thread_without_dependency, EMULATOR_DEPENDENCE)      \
    BUG(weights_of_this_forward, EMULATOR_DEPENDENCE)

#ifdef __cplusplus
extern "C" {
#endif

#define SEEDED_DECLARE(name, finding) void seeded_##name(bool wrong);
SEEDED_BUGS(SEEDED_DECLARE)

/* Nobody reports these two: the test sees what they left unwritten. The memory they write to. */
void *seeded_unwritten_output(bool wrong, size_t *bytes);

/* A product of matrices as kernels for tensor cores are built: asynchronous copies in three stages,
 * ldmatrix, mma. C[m,n] = A[m,k] * B[k,n], A and B in bf16; k and n are multiples of 32. */
enum pipeline_mistake {
    PIPELINE_RIGHT,
    PIPELINE_WEAK_WAIT,
    PIPELINE_NO_BARRIER,
    PIPELINE_LOAD_TOO_EARLY, /* before the barrier: into the stage that others still read */
    PIPELINE_NO_PREDICATE,   /* rows past m are read */
    PIPELINE_NO_ZEROS,       /* and those that are left out are not made zeros */
    PIPELINE_SWAPPED_HALVES, /* of a fragment: only the numbers show it */
    PIPELINE_WRONG_ACCUMULATOR,
    PIPELINE_MISTAKES
};
void pipeline_multiply(enum pipeline_mistake mistake, float *c, const uint16_t *a,
                       const uint16_t *b, int m, int n, int k);

/* A product as kernels for sm_90a are built, and what has to be reported of each mistake in it;
 * EMULATOR_FINDINGS: something, which depends on the order of threads. C[m,n] = A[m,k] * B[k,n] in
 * bf16; m is a multiple of 128, n and k of 32. B is packed (specialised.cu). */
#define SPECIALISED_BUGS(BUG)               \
    BUG(NO_WAIT_FULL, EMULATOR_FINDINGS)    \
    BUG(LANE_WAITS, EMULATOR_FINDINGS)      \
    BUG(NO_WAIT_EMPTY, EMULATOR_FINDINGS)   \
    BUG(EMPTY_TOO_EARLY, EMULATOR_RACE)     \
    BUG(EXPECTS_MORE, EMULATOR_DIVERGENCE)  \
    BUG(EXPECTS_LESS, EMULATOR_FINDINGS)    \
    BUG(PARITY, EMULATOR_FINDINGS)          \
    BUG(NO_INIT_FENCE, EMULATOR_MISUSED)    \
    BUG(NO_INIT_BARRIER, EMULATOR_FINDINGS) \
    BUG(COUNT, EMULATOR_DIVERGENCE)         \
    BUG(ARRIVES_TWICE, EMULATOR_FINDINGS)   \
    BUG(NO_GROUP_FENCE, EMULATOR_MISUSED)   \
    BUG(WARP_MISSING, EMULATOR_DIVERGENCE)  \
    BUG(CHANGED_REGISTER, EMULATOR_MISUSED) \
    BUG(LOADED_REGISTER, EMULATOR_MISUSED)  \
    BUG(READ_SUMS, EMULATOR_MISUSED)        \
    BUG(CHANGED_SUMS, EMULATOR_MISUSED)     \
    BUG(EARLY_STORE, EMULATOR_RACE)         \
    BUG(NO_LAST_WAIT, EMULATOR_MISUSED)     \
    BUG(FEW_AT_BARRIER, EMULATOR_RACE)      \
    BUG(FEW_REGISTERS, EMULATOR_MISUSED)
#define SPECIALISED_NAME(name, finding) SPECIALISED_##name,
enum specialised_mistake {
    SPECIALISED_RIGHT,
    SPECIALISED_BUGS(SPECIALISED_NAME) SPECIALISED_MISTAKES
};
void specialised_multiply(enum specialised_mistake mistake, float *c, const uint16_t *a,
                          const uint16_t *b, int m, int n, int k);

#ifdef __cplusplus
}
#endif

#endif
