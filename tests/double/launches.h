/* Kernels: what the host sets for them. */
#ifndef TESTS_DOUBLE_LAUNCHES_H
#define TESTS_DOUBLE_LAUNCHES_H

#include "cuda_double.h"

/* The most dynamic shared memory that a launch of it may ask for. */
size_t double_function_shared_bytes(const void *function);

void double_forget_functions(void);

#endif
