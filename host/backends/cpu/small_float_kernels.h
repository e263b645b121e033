/* Conversions of the 16-bit formats without branches, so that compilers make vectors of them.
 * The same values as small_float.h, which is the general and readable form. */
#ifndef DENSEBLOCK_HOST_SMALL_FLOAT_KERNELS_H
#define DENSEBLOCK_HOST_SMALL_FLOAT_KERNELS_H

#include <stdint.h>
#include <string.h>

static inline float dblk_float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t dblk_bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* NaN stays NaN. */
static inline float dblk_relu_f32(float v) {
    return v < 0 ? 0 : v;
}

static inline float dblk_widen_bf16(uint16_t bits) {
    return dblk_float_of_bits((uint32_t)bits << 16);
}

/* To nearest, ties to even; NaN stays a quiet NaN. */
static inline uint16_t dblk_round_bf16(float value) {
    const uint32_t bits = dblk_bits_of_float(value);
    const uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1)) >> 16;
    return (uint16_t)(value != value ? (bits >> 16) | 0x40u : rounded);
}

/* The exponent's bias moves from 15 to 127 by a multiplication, which also makes subnormals
 * normal. */
static inline float dblk_widen_f16(uint16_t bits) {
    const uint32_t magnitude = (uint32_t)(bits & 0x7FFF) << 13;
    const float scaled = dblk_float_of_bits(magnitude) * 0x1p112f;
    const uint32_t special = (bits & 0x7C00) == 0x7C00 ? 0x7F800000u | magnitude : 0;
    return dblk_float_of_bits((special != 0 ? special : dblk_bits_of_float(scaled)) |
                              (uint32_t)(bits & 0x8000) << 16);
}

/* To nearest, ties to even. Values below the smallest normal number are rounded by an addition
 * that puts their last bit where f16 has it. */
static inline uint16_t dblk_round_f16(float value) {
    const uint32_t bits = dblk_bits_of_float(value);
    const uint32_t sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7FFFFFFF;
    const uint32_t normal = (magnitude - (112u << 23) + 0xFFFu + ((magnitude >> 13) & 1)) >> 13;
    const uint32_t small =
        dblk_bits_of_float(dblk_float_of_bits(magnitude) + 0.5f) - dblk_bits_of_float(0.5f);
    uint32_t result = magnitude < (113u << 23) ? small : normal;
    result = magnitude >= 0x477FF000u ? 0x7C00u : result; /* 65520 and more become Inf */
    result = magnitude > 0x7F800000u ? 0x7E00u : result;
    return (uint16_t)(sign | result);
}

#endif
