/* The 16-bit floating-point formats, as bits. */
#ifndef DENSEBLOCK_HOST_SMALL_FLOAT_H
#define DENSEBLOCK_HOST_SMALL_FLOAT_H

#include <stdint.h>

/* A binary format of 16 bits: sign, exponent, fraction, in the encoding of IEEE 754. */
struct dblk_small_float {
    int exponent_bits;
    int fraction_bits;
};

extern const struct dblk_small_float dblk_f16;
extern const struct dblk_small_float dblk_bf16;

/* Exact. */
double dblk_small_float_widen(const struct dblk_small_float *format, uint16_t bits);

/* Rounds once, to nearest, ties to even, subnormal results included. Going through f32 would
 * round twice. */
uint16_t dblk_small_float_round(const struct dblk_small_float *format, double value);

#endif
