/* How fast this processor can multiply and add. */
#ifndef TOOL_PEAK_H
#define TOOL_PEAK_H

#include "denseblock.h"
#include "failure.h"

/* Measures the peak of fused multiply-adds of `thread_count` threads, in floating-point
 * operations a second: f64's for f64, f32's for all other types. Takes about a tenth of a second.
 */
outcome peak_measure(denseblock_type type, int thread_count, double *flops);

#endif
