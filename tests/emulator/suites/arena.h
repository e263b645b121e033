/* Device memory for the emulator's tests, and launches that run at once. */
#ifndef TESTS_EMULATOR_ARENA_H
#define TESTS_EMULATOR_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "emulator.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Memory for kernels that nothing has been written to; all of it is given back by device_reset. */
void *device_memory(size_t bytes);
/* Filled with copies of a 4-byte value, as by the host. */
void *device_filled(size_t bytes, uint32_t value);
/* A copy of the host's. */
void *device_copy(const void *from, size_t bytes);
void device_reset(void);

/* Reproducible, uniform in [-1, 1). */
float random_float(uint64_t *state);
uint32_t random_word(uint64_t *state);

#ifdef __cplusplus
}
#endif

#endif
