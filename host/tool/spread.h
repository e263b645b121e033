/* What repeated measurements say. */
#ifndef TOOL_SPREAD_H
#define TOOL_SPREAD_H

#include <stddef.h>

typedef struct spread {
    double least, median, most;
    /* The range without the least and the most seventh, and at least without one value at each
     * end, of 3 values or more: those that other programs disturbed do not count, and more values
     * make it narrower. */
    double low, high;
} spread;

/* Of at least one value; sorts them. */
spread spread_of(double *values, size_t count);

#endif
