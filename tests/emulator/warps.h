/* What the threads of a warp do together. */
#ifndef TESTS_EMULATOR_WARPS_H
#define TESTS_EMULATOR_WARPS_H

#include "runtime.h"

enum warp_kind {
    WARP_BARRIER,
    WARP_BALLOT,
    WARP_SHUFFLE, /* and from here on, emulator_shuffle by emulator_shuffle */
    WARP_LOAD_MATRICES = WARP_SHUFFLE + 4,
    WARP_MULTIPLY,
    WARP_REGISTERS, /* and from here on, what concerns the warpgroup */
    WARP_GROUP_FENCE,
    WARP_GROUP_COMMIT,
    WARP_GROUP_WAIT,
    WARP_GROUP_MULTIPLY,
};

/* One thread's part; it lies on its stack while it waits. */
struct warp_call {
    int kind;
    int site;
    uint32_t mask;
    uint64_t value, result;
    unsigned operand, width;

    /* Matrices: the registers of this lane. */
    uint32_t *fragments;
    const void *row;
    float *accumulator;
    const uint32_t *a, *b;
};

/* Waits until all that the mask names have come with the same kind, site and mask; then everyone
 * has a result. */
void warp_meet(struct warp_call *call, const void *caller);

/* For all lanes: the threads are threads[32 * warp + lane]. */
void matrices_load(struct warp_call *const calls[WARP], const void *caller);
void matrices_multiply(struct warp_call *const calls[WARP]);

#endif
