/* Sizes of arrays, which are never negative. */
#ifndef DENSEBLOCK_HOST_INTEGER_H
#define DENSEBLOCK_HOST_INTEGER_H

#include <stdint.h>

static inline int64_t dblk_smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static inline int64_t dblk_larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* a / b, rounded up. */
static inline int64_t dblk_quotient_up(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

#endif
