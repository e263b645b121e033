/* The cases that programs in NumPy computed: of dense blocks the original one, of residual blocks
 * tests/residual/make_cases.py. */
#ifndef DENSEBLOCK_TESTS_GOLDEN_H
#define DENSEBLOCK_TESTS_GOLDEN_H

#include "fixture.h"

struct golden {
    const char *name;
    denseblock_array input, output;
    denseblock_array arrays[FIXTURE_MAX_LAYERS];
    const void *kernels[FIXTURE_MAX_LAYERS];
    denseblock_layer layers[FIXTURE_MAX_LAYERS];
    denseblock_desc desc; /* for described_plan_create */
    bool residual;
};

/* Reads the cases of dense or of residual blocks, one after the other, and checks each. Returns how many
 * there are; the test fails where one cannot be read. */
int golden_for_each(bool residual, void (*check)(struct golden *golden, const void *user),
                    const void *user);

/* The largest difference of y's finite values, in parts of the largest expected value; the test fails
 * where NaN and Inf are not in the same places. */
double golden_error(const struct golden *golden, const void *y);

#endif
