/* Sizes in bytes that cannot silently wrap around. */
#ifndef DENSEBLOCK_HOST_SIZE_H
#define DENSEBLOCK_HOST_SIZE_H

#include "denseblock.h"

/* *total *= factor, for factor >= 0. False when the product does not fit in ptrdiff_t, the
 * largest object that C can address; *total is then unchanged. */
static inline bool dblk_size_multiply(size_t *total, int64_t factor) {
    size_t product;
    if (__builtin_mul_overflow(*total, (uint64_t)factor, &product) || product > PTRDIFF_MAX)
        return false;
    *total = product;
    return true;
}

/* *total += more; false, and *total unchanged, likewise. */
static inline bool dblk_size_add(size_t *total, size_t more) {
    size_t sum;
    if (__builtin_add_overflow(*total, more, &sum) || sum > PTRDIFF_MAX)
        return false;
    *total = sum;
    return true;
}

/* Up to a multiple of DENSEBLOCK_ALIGNMENT; false likewise. */
static inline bool dblk_size_align(size_t *total) {
    const size_t over = *total % DENSEBLOCK_ALIGNMENT;
    return over == 0 || dblk_size_add(total, DENSEBLOCK_ALIGNMENT - over);
}

#endif
