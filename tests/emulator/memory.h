/* The memory that kernels can use, and what every access of theirs goes through. */
#ifndef TESTS_EMULATOR_MEMORY_H
#define TESTS_EMULATOR_MEMORY_H

#include "shadow.h"

/* The allocation that holds an address, or NULL. */
struct region *memory_find(uintptr_t address);

/* For the report of an access to an address that no allocation holds: what is near it. */
enum emulator_finding memory_describe(uintptr_t address, char *text, size_t capacity);

void memory_forget_moments(void);

/* An allocation is gone: what access.c remembers of regions may be stale. */
void access_forget_regions(void);

/* Shared memory of the block, as a fresh one: nothing is written there. */
void memory_begin_block(size_t shared_bytes);

/* Where shared memory is: addresses a good way beyond its end are known to be meant for it. */
extern uintptr_t shared_low;
enum { SHARED_SPAN = 1 << 20 };

/* Checks one access of at most 16 bytes; `aligned`: it has to be at a multiple of its size. Does not
 * return where it cannot be made. */
void memory_access(uintptr_t address, size_t bytes, enum access access, bool aligned,
                   const void *caller);
/* Likewise, of any length. */
void memory_access_range(uintptr_t address, size_t bytes, enum access access, const void *caller);

/* The region and the offset in it, or NULL for memory that is the thread's own; does not return
 * where it is neither. */
struct region *memory_locate(uintptr_t address, size_t bytes, enum access access,
                             const void *caller);

#endif
