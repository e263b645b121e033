/* What the doubles of cuBLAS and cuDNN do alike with what they are given. */
#ifndef TESTS_DOUBLE_LIBRARY_ARGUMENTS_H
#define TESTS_DOUBLE_LIBRARY_ARGUMENTS_H

#include "operations.h"

/* Whether the span lies in device memory as a whole: a mistake where not. */
bool double_is_on_device(struct double_span span);

/* Whoever thinks that a workspace is his finds it changed. */
void double_use_workspace(char *begin, size_t bytes);

/* To 10 bits of fraction, ties to even. */
double double_round_to_tf32(double value);

#endif
