/* Kernels are called by their launchers, with device memory of the runtime double. */
#ifndef DENSEBLOCK_TESTS_DEVICE_CASE_H
#define DENSEBLOCK_TESTS_DEVICE_CASE_H

#include "denseblock.h"

/* Repeatable numbers: splitmix64. */
uint64_t next_random(uint64_t *state);
int64_t random_size(uint64_t *state, int64_t low, int64_t high);
bool one_in(uint64_t *state, int64_t n);

/* An array in host memory, that the test gives back. */
void *host_memory(size_t bytes);

/* `count` random elements between -1 and 1. */
void *random_elements(uint64_t *state, denseblock_type type, size_t count);

/* Device memory with these bytes, at an address that is a multiple of 256. */
void *to_device(const void *host, size_t bytes);

/* Device memory that nothing has been written to. */
void *device_space(size_t bytes);

/* The bytes of device memory, in `host`. */
void from_device(void *host, const void *device, size_t bytes);

void free_device(void *device);

/* A new device for a test, which goes through threads and blocks, and lets copies land, as the seed
 * decides. */
void begin_device(uint64_t seed);

/* All that was enqueued has run, the emulator has reported nothing, the host has made no mistake and
 * has given all back. */
void end_device(void);

#endif
