/* Products of warpgroups, which are asynchronous, and the registers that they hold. */
#ifndef TESTS_EMULATOR_WARPGROUPS_H
#define TESTS_EMULATOR_WARPGROUPS_H

#include "shadow.h"
#include "warps.h"

void warpgroups_begin_block(void);
void warpgroups_thread_ended(void);
void warpgroups_end_block(void);

/* Whether a product that is not complete reads one of these bytes of shared memory. */
bool warpgroups_read(size_t offset, size_t bytes);

/* The calls of a whole warp. */
void warpgroups_fence(unsigned warp);
void warpgroups_commit(unsigned warp);
void warpgroups_wait(unsigned warp, unsigned groups_in_flight, const void *caller);
void warpgroups_set_registers(unsigned warp, const struct warp_call *call, const void *caller);
/* The lanes wait for the other warps of the group, if these have not come. */
void warpgroups_multiply(unsigned warp, const void *caller);

/* The thread has written or read its own memory: registers. Only where it multiplies. */
void warpgroups_note_registers(uintptr_t address, size_t bytes, enum access access,
                               const void *caller);

#endif
