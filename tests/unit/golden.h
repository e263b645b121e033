/* The cases that the original NumPy program computed. */
#ifndef DENSEBLOCK_TESTS_GOLDEN_H
#define DENSEBLOCK_TESTS_GOLDEN_H

#include "fixture.h"

struct golden {
    denseblock_array input, output;
    denseblock_array kernels[FIXTURE_MAX_LAYERS];
    denseblock_layer layers[FIXTURE_MAX_LAYERS];
    denseblock_desc desc;
};

/* Reads the case of that name; the test fails where it cannot. */
void golden_read(const char *name, struct golden *golden);
void golden_free(struct golden *golden);

/* The largest difference of finite values, in parts of the largest expected value; the test fails
 * where NaN and Inf are not in the same places. */
double golden_error(const char *name, const denseblock_array *expected, denseblock_type type,
                    const void *y);

#endif
