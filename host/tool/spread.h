/* What repeated measurements say. */
#ifndef TOOL_SPREAD_H
#define TOOL_SPREAD_H

#include <stddef.h>

typedef struct spread {
    double least, median, most;
} spread;

/* Of at least one value; sorts them. */
spread spread_of(double *values, size_t count);

#endif
