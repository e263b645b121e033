/* Blocks on the tested backend, compared with the reference. */
#ifndef DENSEBLOCK_TESTS_AGAINST_REFERENCE_H
#define DENSEBLOCK_TESTS_AGAINST_REFERENCE_H

#include "cuda_case.h"
#include "fixture.h"

/* Of the largest value. Values that round differently differ by a unit in the last place, and so do
 * later layers. */
double tolerance(denseblock_type type);

/* The block of `fixture` (made for the reference) on both: NaN and Inf in the same places, and finite
 * values close. On the double, neither kernels nor the host have made a mistake. */
void compare(const char *what, struct fixture *fixture, const denseblock_plan_options *options,
             bool in_place, bool graph, size_t y_shift);

/* The block of f32, with TF32: on the double products are rounded, and everywhere no more than that. */
void compare_with_tf32(struct fixture *fixture);

/* In the L2 norm: of the layers' outputs in y, the result of the fixture's block, from what the reference
 * computes in f64. */
double relative_error(const struct fixture *fixture, const void *y);

/* To be cut: four layers that each add 5 channels to 3. */
void make_batch_of_five(struct fixture *fixture);

#endif
