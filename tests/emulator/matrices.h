/* What multiplies, for warpgroups too. */
#ifndef TESTS_EMULATOR_MATRICES_H
#define TESTS_EMULATOR_MATRICES_H

#include "warps.h"

enum { MOST_DEPTH = 16, MOST_COLUMNS = 256 };

/* b as [n][k]. */
struct group_operands {
    float b[MOST_COLUMNS][MOST_DEPTH];
};

/* `count` elements of memory, side by side. */
void matrices_convert(enum emulator_matrix kind, const void *from, unsigned count, float *to);

/* sums[lane][4 tile + r] += a * b, for the 16 rows of a warp. */
void matrices_multiply_wide(enum emulator_matrix kind, unsigned tiles, float *const sums[WARP],
                            const uint32_t a[WARP][4], const struct group_operands *operands);

#endif
