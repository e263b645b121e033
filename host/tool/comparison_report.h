/* What a comparison found, for people. */
#ifndef TOOL_COMPARISON_REPORT_H
#define TOOL_COMPARISON_REPORT_H

#include "comparison.h"

/* Prints one to three lines on stdout: the verdict after `title`, and where it is farthest off.
 */
void comparison_print(const char *title, const comparison *result);

#endif
