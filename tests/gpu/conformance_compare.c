/* What counts as the same. */
#include "conformance.h"

#include <math.h>
#include <string.h>

static float value_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool is_nan_f32(uint32_t bits) {
    return (bits & 0x7FFFFFFFu) > 0x7F800000u;
}

/* Equal bits, or NaN in both: which NaN, PTX leaves to the instruction. */
static bool same_f32(uint32_t device, uint32_t twin) {
    return device == twin || (is_nan_f32(device) && is_nan_f32(twin));
}

static bool same_halves(uint32_t device, uint32_t twin, uint32_t infinity) {
    for (unsigned shift = 0; shift < 32; shift += 16) {
        const uint32_t d = device >> shift & 0xFFFFu, t = twin >> shift & 0xFFFFu;
        if (d != t && !((d & 0x7FFFu) > infinity && (t & 0x7FFFu) > infinity))
            return false;
    }
    return true;
}

/* Of what f32_to_tf32 gives, the low bits are not part of the number. */
static bool same_tf32(uint32_t device, uint32_t twin) {
    return is_nan_f32(device) ? is_nan_f32(twin) : (device ^ twin) >> 13 == 0;
}

/* ---- mma ----
 *
 * Products of 11-bit (f16, tf32) and 8-bit (bf16) significands are exact in f32. So device and
 * twin differ by how they sum K products p and the accumulator c. Let M = |c| + sum |p|.
 *
 * The twin adds one after the other, rounding to nearest: it is off by no more than K 2^-24 M.
 *
 * A GPU sums in steps of at least 4 products, in any order; in a step it shifts all to the
 * largest exponent, keeps at least 23 bits after the point, and truncates (Fasi, Higham, Mikaitis
 * and Pranesh 2021, "Numerical behavior of NVIDIA tensor cores", PeerJ Computer Science 7:e330).
 * That loses less than 2^-23 M for each of K products, K/4 sums carried on, and K/4 results:
 * 1.5 K 2^-23 M, and we allow 2 K 2^-23 M.
 *
 * Together 2.5 K 2^-23 M, and 1 part in 1,000 because M has rounding errors too. Sums kept in
 * fewer bits, a product left out and one in a wrong place are far beyond. */
static double allowed(unsigned depth, float magnitude) {
    return 1.001 * 2.5 * depth * 0x1p-23 * (double)magnitude;
}

static bool same_sum(unsigned depth, uint32_t device_bits, uint32_t twin_bits,
                     uint32_t magnitude_bits, struct conformance_result *result) {
    const float device = value_of(device_bits), twin = value_of(twin_bits);
    const float magnitude = value_of(magnitude_bits);
    if (!isfinite(device) || !isfinite(twin))
        return (isnan(device) && isnan(twin)) || device == twin;
    const double off = fabs((double)device - (double)twin);
    const double bound = allowed(depth, magnitude);
    const double ulp = (double)nextafterf(magnitude, INFINITY) - (double)magnitude;
    if (off > 0 && !(off / ulp <= result->largest_ulps))
        result->largest_ulps = off / ulp;
    if (off > 0 && !(off / bound <= result->largest_of_bound))
        result->largest_of_bound = off / bound;
    return off <= bound;
}

/* ---- All ---- */

static bool same(enum conformance_function function, uint32_t device, uint32_t twin,
                 uint32_t magnitude, struct conformance_result *result) {
    switch (function) {
    case CONFORMANCE_mma_m16n8k16_f16:
    case CONFORMANCE_mma_m16n8k16_bf16:
        return same_sum(16, device, twin, magnitude, result);
    case CONFORMANCE_mma_m16n8k8_tf32:
        return same_sum(8, device, twin, magnitude, result);
    case CONFORMANCE_f32_to_tf32:
        if (!same_f32(device, twin) && same_tf32(device, twin))
            result->noted++;
        return same_tf32(device, twin);
    case CONFORMANCE_max_keep_nan:
        return same_f32(device, twin);
    case CONFORMANCE_relu_keep_nan_f16x2:
        return same_halves(device, twin, 0x7C00u);
    case CONFORMANCE_relu_keep_nan_bf16x2:
        return same_halves(device, twin, 0x7F80u);
    default:
        return device == twin;
    }
}

static bool is_mma(enum conformance_function function) {
    return function == CONFORMANCE_mma_m16n8k16_f16 ||
           function == CONFORMANCE_mma_m16n8k16_bf16 || function == CONFORMANCE_mma_m16n8k8_tf32;
}

struct conformance_result conformance_compare(enum conformance_function function,
                                              unsigned fragments, const uint32_t *device,
                                              const uint32_t *twin, const uint32_t *magnitudes) {
    struct conformance_result result = {0}, not_judged = {0};
    for (size_t i = 0; i < (size_t)fragments * FRAGMENT_WORDS; i++) {
        const unsigned fragment = (unsigned)(i / FRAGMENT_WORDS);
        const unsigned lane = (unsigned)(i / LANE_WORDS % LANES),
                       word = (unsigned)(i % LANE_WORDS);
        if (device[i] == CONFORMANCE_UNTOUCHED && twin[i] == CONFORMANCE_UNTOUCHED)
            continue;
        if (is_mma(function) && conformance_kind_of(fragment) == KIND_NOTED) {
            if (!same(function, device[i], twin[i], magnitudes[i], &not_judged))
                result.noted++;
            continue;
        }
        result.words++;
        if (same(function, device[i], twin[i], magnitudes[i], &result))
            continue;
        if (result.differences++ == 0) {
            result.fragment = fragment;
            result.lane = lane;
            result.word = word;
            result.device = device[i];
            result.twin = twin[i];
        }
    }
    return result;
}
