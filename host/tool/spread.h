/* What repeated measurements say. */
#ifndef TOOL_SPREAD_H
#define TOOL_SPREAD_H

#include <stddef.h>

typedef struct spread {
    double least, median, most;
    double low,
        high; /* the range without the least and the most, where at least 3 values are given: one
                         that other programs disturbed does not count */
} spread;

/* Of at least one value; sorts them. */
spread spread_of(double *values, size_t count);

#endif
