/* Shadow memory: for every two bytes that kernels can use, who wrote and who read them last, and
 * for every byte, whether anything was written there. */
#ifndef TESTS_EMULATOR_SHADOW_H
#define TESTS_EMULATOR_SHADOW_H

#include <string.h>

#include "runtime.h"

enum { CELL_BYTES = 2, MOST_BYTES = 16 };

enum {
    CELL_WRITE_LOW = 1, /* which of the two bytes the last write was to */
    CELL_WRITE_HIGH = 2,
    CELL_READ_LOW = 4,
    CELL_READ_HIGH = 8,
    CELL_ATOMIC = 16,         /* the last write was */
    CELL_MANY_WARPS = 32,     /* threads of more than one warp read it since the last barrier */
    CELL_EARLIER_BLOCKS = 64, /* read by blocks of this launch that ran before this one */
    CELL_PLAIN = 128          /* a plain write of this launch came before the atomic ones */
};

struct cell {
    moment written, read;
    uint32_t readers; /* lanes of reader_warp */
    uint16_t writer;  /* the thread's number in its block */
    uint8_t reader_warp;
    uint8_t flags;
};

/* A piece of memory that kernels can use: an allocation, or the block's shared memory. */
struct region {
    uintptr_t low;
    size_t bytes;
    bool is_shared;
    struct cell *cells;
    uint8_t *written;   /* a bit for every byte */
    uint8_t *in_flight; /* likewise, an asynchronous copy has not arrived; only shared memory */
};

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_ATOMIC };

extern struct region shared_region;

void shadow_make(struct region *region, void *memory, size_t bytes);
void shadow_free(struct region *region);

/* Forgets all moments, not what is written: the clock begins anew. */
void shadow_forget(struct region *region);

/* The bits of [offset, offset + bytes), at most 16 bytes. */
static inline uint32_t shadow_bits(const uint8_t *map, size_t offset, size_t bytes) {
    uint32_t bits;
    memcpy(&bits, map + offset / 8, sizeof bits);
    return bits >> offset % 8 & ((UINT32_C(1) << bytes) - 1);
}

static inline void shadow_set_bits(uint8_t *map, size_t offset, size_t bytes, bool value) {
    uint32_t bits;
    memcpy(&bits, map + offset / 8, sizeof bits);
    const uint32_t mask = ((UINT32_C(1) << bytes) - 1) << offset % 8;
    bits = value ? bits | mask : bits & ~mask;
    memcpy(map + offset / 8, &bits, sizeof bits);
}

void shadow_set_range(uint8_t *map, size_t offset, size_t bytes, bool value);
bool shadow_all_set(const uint8_t *map, size_t offset, size_t bytes);

/* Notes an access of thread now.number to at most 16 bytes, all inside the region, and reports
 * what is wrong with it. */
void shadow_access(struct region *region, size_t offset, size_t bytes, enum access access,
                   const void *caller);

/* Reports an access to device memory that a thread makes too early. */
void dependence_check(const struct region *region, size_t offset, size_t bytes,
                      enum access access, const void *caller);

/* A write that was checked already happens now: by a thread, or who else writes (order.h). */
void shadow_note_write(struct region *region, size_t offset, size_t bytes, unsigned writer);

/* All lanes of the warp read shared memory now, which was checked already. */
void shadow_note_warp_read(size_t offset, size_t bytes);

/* Checks that a warpgroup can read shared memory by the asynchronous proxy: that it is there, and
 * what bulk copies wrote that all its threads have waited for. */
void shadow_check_group_read(unsigned first_thread, size_t offset, size_t bytes,
                             const void *caller);

#endif
