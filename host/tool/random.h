/* Random numbers that are the same on every machine. */
#ifndef TOOL_RANDOM_H
#define TOOL_RANDOM_H

#include <stdint.h>

typedef struct random_stream {
    uint64_t state;
} random_stream;

/* Stream number `index` of `seed`; streams are independent of each other. */
random_stream random_stream_of(uint64_t seed, uint64_t index);

/* 64 random bits. */
uint64_t random_bits(random_stream *stream);

/* Uniform in [-1, 1): a multiple of 2^-52. */
double random_signed(random_stream *stream);

/* Uniform in least..most, both included; most - least must be small against 2^64. */
int64_t random_between(random_stream *stream, int64_t least, int64_t most);

#endif
