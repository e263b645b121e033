/* What a comparison found, for people and for machines. */
#ifndef TOOL_COMPARISON_REPORT_H
#define TOOL_COMPARISON_REPORT_H

#include <jansson.h>

#include "comparison.h"

/* Prints two to four lines on stdout: the verdict after `title`, what was compared, and where it
 * is farthest off. */
void comparison_print(const char *title, const comparison *result);

/* The same as a JSON value, as json.h makes them. */
json_t *json_comparison(const comparison *result);

#endif
