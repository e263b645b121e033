/* Whether a result is the expected one, and where it is farthest off. */
#ifndef TOOL_COMPARISON_H
#define TOOL_COMPARISON_H

#include <stdbool.h>
#include <stdint.h>

#include "denseblock.h"

/* Where a window of y begins. */
typedef struct corner {
    int64_t row, column;
} corner;

/* One element of y, and what was expected there. */
typedef struct difference {
    int64_t batch, row, column, channel;
    int64_t layer; /* that wrote the channel; -1: the input's */
    double actual, expected;
} difference;

typedef struct comparison {
    bool passed;
    double tolerance;
    int64_t count;            /* elements compared */
    int64_t strange_count;    /* of them, those that are NaN or infinite in one or both */
    int64_t special_count;    /* of these, those that differ */
    difference first_special; /* the first of them */
    double max_abs;           /* the largest error of finite elements */
    difference worst;         /* where it is */
    double max_expected;      /* the largest finite |expected| */
    double relative_l2;       /* ||actual - expected|| / ||expected|| over finite elements */
} comparison;

/* Compares `expected` with the window of `actual` that has its height and width and begins at
 * `at`. Both have rank 4 and the same batch and channels; `desc` is the block that made them.
 * Types may differ; sums are taken in double or wider. It passes when NaN and infinities stand at
 * the same places and
 *
 *     max_abs <= tolerance * max_expected   and   relative_l2 <= tolerance
 *
 * Where everything expected is 0, both are absolute. */
comparison compare(const denseblock_desc *desc, const denseblock_array *actual,
                   const denseblock_array *expected, corner at, double tolerance);

/* The tolerance for results of the block's type: f64 1e-12, f32 1e-5, f16 and TF32 2e-3, bf16 1.6e-2. */
double default_tolerance(const denseblock_desc *desc);

/* Whether `a` is farther from passing than `b`; of two alike, the one of more values says more.
 */
bool comparison_is_worse(const comparison *a, const comparison *b);

#endif
