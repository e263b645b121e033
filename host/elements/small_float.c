#include "elements/small_float.h"

#include <math.h>
#include <string.h>

const struct dblk_small_float dblk_f16 = {.exponent_bits = 5, .fraction_bits = 10};
const struct dblk_small_float dblk_bf16 = {.exponent_bits = 8, .fraction_bits = 7};

enum { F64_FRACTION_BITS = 52, F64_BIAS = 1023 };

static int bias_of(const struct dblk_small_float *format) {
    return (1 << (format->exponent_bits - 1)) - 1;
}

static unsigned infinity_of(const struct dblk_small_float *format) {
    return ((1U << format->exponent_bits) - 1U) << format->fraction_bits;
}

double dblk_small_float_widen(const struct dblk_small_float *format, uint16_t bits) {
    const unsigned magnitude = bits & 0x7FFFU;
    const unsigned infinity = infinity_of(format);
    const unsigned fraction_mask = (1U << format->fraction_bits) - 1U;
    const unsigned fraction = magnitude & fraction_mask;
    const int exponent = (int)(magnitude >> format->fraction_bits);

    double value;
    if (magnitude > infinity)
        value = (double)NAN;
    else if (magnitude == infinity)
        value = (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, 1 - bias_of(format) - format->fraction_bits);
    else
        value = ldexp(fraction + fraction_mask + 1U,
                      exponent - bias_of(format) - format->fraction_bits);
    return bits & 0x8000U ? -value : value;
}

uint16_t dblk_small_float_round(const struct dblk_small_float *format, double value) {
    const unsigned sign = signbit(value) ? 0x8000U : 0U;
    const unsigned infinity = infinity_of(format);
    if (isnan(value)) /* the highest fraction bit makes a NaN quiet */
        return (uint16_t)(sign | infinity | 1U << (format->fraction_bits - 1));
    if (isinf(value))
        return (uint16_t)(sign | infinity);

    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int exponent = (int)(bits >> F64_FRACTION_BITS & 0x7FFU) - F64_BIAS;
    const uint64_t leading_one = UINT64_C(1) << F64_FRACTION_BITS;
    const uint64_t significand = leading_one | (bits & (leading_one - 1U));

    /* Below the format's least exponent the results are subnormal: they keep fewer bits. */
    const int least_exponent = 1 - bias_of(format);
    const int kept_exponent = exponent < least_exponent ? least_exponent : exponent;
    const int dropped = F64_FRACTION_BITS - format->fraction_bits + (kept_exponent - exponent);
    if (dropped > F64_FRACTION_BITS + 1) /* under half of the least subnormal; f64's own too */
        return (uint16_t)sign;

    uint64_t kept = significand >> dropped;
    const uint64_t rest = significand & ((UINT64_C(1) << dropped) - 1U);
    const uint64_t half = UINT64_C(1) << (dropped - 1);
    if (rest > half || (rest == half && (kept & 1U)))
        kept++;

    /* `kept` holds the leading one of a normal number, which the encoding leaves out: adding it
     * to an exponent field that is one too small puts it there, a carry of the rounding too. */
    const uint64_t field = (uint64_t)(kept_exponent + bias_of(format) - 1);
    const uint64_t magnitude = (field << format->fraction_bits) + kept;
    return (uint16_t)(sign | (magnitude < infinity ? (unsigned)magnitude : infinity));
}
