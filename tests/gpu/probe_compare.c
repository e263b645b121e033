#include <math.h>

#include "probe.h"

enum { CHUNK = 1024 };

/* As verify's: f64 1e-12, f32 1e-5, f16 2e-3, bf16 1.6e-2; and tf32, whose fraction is f16's, as
 * f16. */
double probe_tolerance(denseblock_type type, denseblock_arithmetic arithmetic) {
    switch (type) {
    case DENSEBLOCK_F64:
        return 1e-12;
    case DENSEBLOCK_F32:
        return arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ? 2e-3 : 1e-5;
    case DENSEBLOCK_F16:
        return 2e-3;
    case DENSEBLOCK_BF16:
        break;
    }
    return 1.6e-2;
}

struct sums {
    double error, expected, largest_error, largest_expected;
};

static void compare_chunk(const double *actual, const double *expected, size_t length,
                          struct probe_errors *errors, struct sums *sums, size_t *worst) {
    *worst = length;
    for (size_t i = 0; i < length; i++) {
        if (!isfinite(actual[i]) || !isfinite(expected[i])) {
            if (!(isnan(actual[i]) && isnan(expected[i])) && actual[i] != expected[i]) {
                if (errors->special_differences++ == 0)
                    *worst = i;
            }
            continue;
        }
        const double error = fabs(actual[i] - expected[i]);
        sums->error += error * error;
        sums->expected += expected[i] * expected[i];
        sums->largest_expected = fmax(sums->largest_expected, fabs(expected[i]));
        if (error > sums->largest_error) {
            sums->largest_error = error;
            if (errors->special_differences == 0)
                *worst = i;
        }
    }
}

struct probe_errors probe_compare(const struct probe_case *block, const void *y,
                                  const void *expected) {
    const denseblock_desc *const desc = &block->desc;
    const size_t size = denseblock_type_size(desc->type);
    const size_t channels = (size_t)probe_channels(block, desc->layer_count);
    const size_t image = (size_t)(desc->height * desc->width) * channels;
    struct probe_errors errors = {0};
    struct sums sums = {0};
    double actual_values[CHUNK], expected_values[CHUNK];
    for (int64_t n = 0; n < desc->batch; n++)
        for (size_t first = 0; first < image; first += CHUNK) {
            const size_t length = image - first < CHUNK ? image - first : CHUNK;
            const size_t at = (size_t)n * image + first;
            const size_t expected_at = (size_t)block->image_of[n] * image + first;
            denseblock_convert(DENSEBLOCK_F64, actual_values, desc->type,
                               (const char *)y + at * size, length);
            denseblock_convert(DENSEBLOCK_F64, expected_values, desc->type,
                               (const char *)expected + expected_at * size, length);
            size_t worst;
            compare_chunk(actual_values, expected_values, length, &errors, &sums, &worst);
            errors.count += (int64_t)length;
            if (worst < length) {
                const size_t element = first + worst;
                errors.worst[0] = n;
                errors.worst[1] = (int64_t)(element / channels) / desc->width;
                errors.worst[2] = (int64_t)(element / channels) % desc->width;
                errors.worst[3] = (int64_t)(element % channels);
            }
        }
    errors.max_error =
        sums.largest_error / (sums.largest_expected > 0 ? sums.largest_expected : 1);
    errors.l2_error = sqrt(sums.error / (sums.expected > 0 ? sums.expected : 1));
    return errors;
}
