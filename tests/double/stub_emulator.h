/* What a test asks of the emulator that only remembers. */
#ifndef TESTS_DOUBLE_STUB_EMULATOR_H
#define TESTS_DOUBLE_STUB_EMULATOR_H

#include <stdbool.h>

/* The next kernels access memory out of bounds. */
extern bool stub_emulator_fails;

/* Whether kernels may use the address. */
bool stub_emulator_has(const void *address);

#endif
