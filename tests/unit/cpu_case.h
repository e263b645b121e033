/* What the suites of the cpu backend share: blocks, instruction sets, and the comparison with the
 * reference. */
#ifndef DENSEBLOCK_TESTS_CPU_CASE_H
#define DENSEBLOCK_TESTS_CPU_CASE_H

#include "fixture.h"
#include "suite.h"

extern const denseblock_type all_types[4];
extern const denseblock_algorithm algorithms[3]; /* direct, winograd2, winograd4 */

/* The instruction sets that the suites try; in test_cpu_wide and test_cpu_walk_wide only `wide`: see
 * wide_kernels.c. */
extern const char *const instruction_sets[];
extern const int instruction_set_count;

/* Until the test ends. False where this processor does not have it. */
bool use_instruction_set(const char *name);

/* A suite whose tests, ended by NULL, each begin with what the processor has. */
Suite *cpu_suite(const char *name, const TTest *const *tests);

/* Relative L2 error that a result may have. */
double tolerance(denseblock_type type, denseblock_algorithm algorithm);

/* NaN and Inf stand at the same places, and the relative L2 error is at most `most`. */
void compare(const struct fixture *found, const struct fixture *expected, double most,
             const char *what);

/* The same block, x and kernels on the cpu backend and on the reference. */
struct pair {
    struct fixture cpu, reference;
};

void pair_make(struct pair *pair, const struct fixture *block, uint64_t seed,
               const denseblock_plan_options *options);
void pair_check(struct pair *pair, double most, const char *what);
void pair_free(struct pair *pair);

/* 3x3 kernels, ragged growth, planes of up to a few tiles. */
void random_3x3(struct fixture *block, uint64_t seed, denseblock_type type);

void uniform_3x3(struct fixture *block, int64_t batch, int64_t height, int64_t width,
                 int64_t channels, int64_t layers, int64_t growth);

#endif
