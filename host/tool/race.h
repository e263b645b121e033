/* How much several threads do together in a second. */
#ifndef TOOL_RACE_H
#define TOOL_RACE_H

#include "failure.h"

/* A part of the work, of some ten microseconds or more: looking at the clock in between costs
 * nothing then.
 *
 *   thread   0 to thread_count - 1
 *
 * Returns how much it has done. */
typedef double race_work(void *shared, int thread);

/* Lets `thread_count` threads do such parts for so many seconds, at least one each.
 *
 *   rate   receives what they did in a second, together */
outcome race_run(int thread_count, race_work *work, void *shared, double seconds, double *rate);

#endif
