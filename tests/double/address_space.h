/* Addresses for device memory and pinned memory. None is given twice, and a gap is behind each. */
#ifndef TESTS_DOUBLE_ADDRESS_SPACE_H
#define TESTS_DOUBLE_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>

/* `bytes` of garbage that nobody can touch, at a multiple of 256 that is none of 512. NULL where
 * the machine has no more. */
char *double_space_take(size_t bytes, int garbage);

/* Whether the program can touch the bytes, and all that was taken with them. */
void double_space_open(char *address, size_t bytes, bool open);

/* Whether the address is, or may become, one of these. */
bool double_space_has(const void *address);

/* Nobody will touch them again. */
void double_space_drop(char *address, size_t bytes);

void double_forget_space(void);

#endif
