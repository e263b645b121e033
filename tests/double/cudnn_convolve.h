/* The arithmetic of cuDNN's double. */
#ifndef TESTS_DOUBLE_CUDNN_CONVOLVE_H
#define TESTS_DOUBLE_CUDNN_CONVOLVE_H

#include "cudnn_graph.h"

/* Writes y's elements, in memory that can be touched. Sums are of f64, and rounded once; an engine
 * with these notes rounds its operands to TF32, or gives results that are wrong enough to be seen. */
void double_cudnn_convolve(const struct double_cudnn_problem *problem, unsigned numerical_notes,
                           const void *x, const void *w, void *y);

#endif
