#include "comparison.h"

#include <math.h>

#include "geometry.h"
#include "minmax.h"

/* Channels looked at together. */
enum { CHUNK = 256 };

/* Sums over finite elements. Squares of large doubles leave a double's range. */
typedef struct sums {
    long double error;
    long double expected;
} sums;

static void add_special(const difference *here, comparison *result) {
    if (result->special_count == 0)
        result->first_special = *here;
    result->special_count++;
}

static void add_element(const difference *here, comparison *result, sums *total) {
    const double actual = here->actual;
    const double expected = here->expected;
    double error;

    result->count++;
    if (!isfinite(actual) || !isfinite(expected)) {
        const bool alike = (isnan(actual) && isnan(expected)) || actual == expected;

        result->strange_count++;
        if (!alike)
            add_special(here, result);
        return;
    }
    error = fabs(actual - expected);
    if (error > result->max_abs) {
        result->max_abs = error;
        result->worst = *here;
    }
    if (fabs(expected) > result->max_expected)
        result->max_expected = fabs(expected);
    total->error += (long double)error * error;
    total->expected += (long double)expected * expected;
}

/* Adds the channels of one pixel. `here` says which; its channel is not read. */
static void add_pixel(const denseblock_array *actual, size_t actual_at,
                      const denseblock_array *expected, size_t expected_at, difference here,
                      comparison *result, sums *total) {
    const char *const actual_data = actual->data;
    const char *const expected_data = expected->data;
    const size_t channels = (size_t)actual->shape[3];
    double actual_values[CHUNK];
    double expected_values[CHUNK];

    for (size_t first = 0; first < channels; first += CHUNK) {
        const size_t length = smaller(channels - first, CHUNK);

        denseblock_convert(DENSEBLOCK_F64, actual_values, actual->type,
                           actual_data + (actual_at + first) * denseblock_type_size(actual->type),
                           length);
        denseblock_convert(
            DENSEBLOCK_F64, expected_values, expected->type,
            expected_data + (expected_at + first) * denseblock_type_size(expected->type), length);
        for (size_t i = 0; i < length; i++) {
            here.channel = (int64_t)(first + i);
            here.actual = actual_values[i];
            here.expected = expected_values[i];
            add_element(&here, result, total);
        }
    }
}

static void judge(const sums *total, comparison *result) {
    const double scale = result->max_expected > 0 ? result->max_expected : 1;
    const long double norm = total->expected > 0 ? sqrtl(total->expected) : 1;

    result->relative_l2 = (double)(sqrtl(total->error) / norm);
    /* In this direction a NaN would not pass. */
    result->passed = result->special_count == 0 && result->max_abs <= result->tolerance * scale &&
                     result->relative_l2 <= result->tolerance;
}

comparison compare(const denseblock_desc *desc, const denseblock_array *actual,
                   const denseblock_array *expected, corner at, double tolerance) {
    const int64_t *const shape = expected->shape;
    comparison result = {.tolerance = tolerance};
    sums total = {0};

    for (int64_t n = 0; n < shape[0]; n++) {
        for (int64_t h = 0; h < shape[1]; h++) {
            for (int64_t w = 0; w < shape[2]; w++) {
                const difference here = {.batch = n, .row = at.row + h, .column = at.column + w};
                const int64_t actual_pixel =
                    (n * actual->shape[1] + here.row) * actual->shape[2] + here.column;
                const int64_t expected_pixel = (n * shape[1] + h) * shape[2] + w;

                add_pixel(actual, (size_t)(actual_pixel * shape[3]), expected,
                          (size_t)(expected_pixel * shape[3]), here, &result, &total);
            }
        }
    }
    result.worst.layer = layer_of_channel(desc, result.worst.channel);
    result.first_special.layer = layer_of_channel(desc, result.first_special.channel);
    judge(&total, &result);
    return result;
}

double default_tolerance(const denseblock_desc *desc) {
    if (desc->arithmetic == DENSEBLOCK_ARITHMETIC_TF32)
        return 2e-3;
    switch (desc->type) {
    case DENSEBLOCK_F64:
        return 1e-12;
    case DENSEBLOCK_F32:
        return 1e-5;
    case DENSEBLOCK_F16:
        return 2e-3;
    case DENSEBLOCK_BF16:
        break;
    }
    return 1.6e-2;
}

bool comparison_is_worse(const comparison *a, const comparison *b) {
    const double scale_a = a->max_expected > 0 ? a->max_expected : 1;
    const double scale_b = b->max_expected > 0 ? b->max_expected : 1;
    const double error_a = a->max_abs / scale_a;
    const double error_b = b->max_abs / scale_b;

    if (a->passed != b->passed)
        return !a->passed;
    if (a->special_count != b->special_count)
        return a->special_count > b->special_count;
    if (error_a != error_b)
        return error_a > error_b;
    return a->count > b->count;
}
