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

#ifdef __cplusplus
}
#endif

#endif
