/* Loops of nothing but multiply-adds, in the widest vectors that this processor has. */
#ifndef TOOL_PEAK_LOOPS_H
#define TOOL_PEAK_LOOPS_H

#include "denseblock.h"

typedef struct peak_loop {
    double (*run)(long rounds); /* returns something that depends on every operation */
    double operations;          /* floating-point operations of a round */
} peak_loop;

/* For f64 a loop in f64, for other types in f32. */
peak_loop peak_loop_of(denseblock_type type);

#endif
