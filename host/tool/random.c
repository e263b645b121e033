#include "random.h"

/* splitmix64, Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators": a
 * counter with a fixed step, and a mixing of its bits. */
static const uint64_t STEP = 0x9e3779b97f4a7c15u;

static uint64_t mix(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

random_stream random_stream_of(uint64_t seed, uint64_t index) {
    /* Mixed after each number enters, or neighbouring seeds and indices would share counters. */
    return (random_stream){mix(mix(seed + STEP) + index * STEP)};
}

uint64_t random_bits(random_stream *stream) {
    stream->state += STEP;
    return mix(stream->state);
}

double random_signed(random_stream *stream) {
    /* 53 bits, which a double holds exactly; so do the other steps. */
    const double unit = (double)(random_bits(stream) >> 11) * 0x1p-53;

    return 2 * unit - 1;
}

int64_t random_between(random_stream *stream, int64_t least, int64_t most) {
    const uint64_t span = (uint64_t)(most - least) + 1;

    return least + (int64_t)(random_bits(stream) % span);
}
