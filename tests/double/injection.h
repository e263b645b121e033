/* Counts calls, and makes the ones fail that a test has chosen. */
#ifndef TESTS_DOUBLE_INJECTION_H
#define TESTS_DOUBLE_INJECTION_H

#include "cuda_double.h"

/* Counts a call of this name: the error that it is to fail with, or cudaSuccess. */
cudaError_t double_count(const char *function);

void double_fail(const char *function, long n, cudaError_t error);
void double_forget_failures(void);

#endif
