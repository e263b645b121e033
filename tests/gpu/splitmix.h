/* splitmix64, Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators". */
#ifndef TESTS_GPU_SPLITMIX_H
#define TESTS_GPU_SPLITMIX_H

#include <stdint.h>

static inline uint64_t splitmix(uint64_t *state) {
    uint64_t bits = *state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

/* least..most, both included. */
static inline int64_t splitmix_between(uint64_t *state, int64_t least, int64_t most) {
    return least + (int64_t)(splitmix(state) % (uint64_t)(most - least + 1));
}

/* In [-1, 1). */
static inline double splitmix_signed(uint64_t *state) {
    return 2 * ((double)(splitmix(state) >> 11) * 0x1p-53) - 1;
}

#endif
