#ifndef TOOL_STOPWATCH_H
#define TOOL_STOPWATCH_H

/* Seconds of a clock that nobody sets, from some point in the past. */
double stopwatch_seconds(void);

#endif
