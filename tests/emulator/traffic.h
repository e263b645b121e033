/* Counts what accesses cost whole warps: sectors of device memory, wavefronts of shared memory. */
#ifndef TESTS_EMULATOR_TRAFFIC_H
#define TESTS_EMULATOR_TRAFFIC_H

#include "shadow.h"

void traffic_begin_block(void);
/* One access of the thread that runs. */
void traffic_note(bool is_shared, uintptr_t address, size_t bytes, enum access access,
                  const void *caller);
/* A bulk copy from device memory. */
void traffic_bulk(uint64_t address, size_t bytes);
/* All threads of the block wait, or have ended; or those of a warp. */
void traffic_count(void);
void traffic_count_warp(unsigned warp);
/* The rows of one 8x8 matrix, read at once. */
void traffic_matrix(const unsigned char *const rows[8]);

#endif
