/* A bar on stderr while something takes long: only on a terminal, only after a moment, and erased
 * at the end. */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include <stdbool.h>

typedef struct progress {
    const char *label;
    double begin, end; /* the part of the whole that is under way */
    double started;    /* seconds of the stopwatch */
    double drawn;
    bool wanted;
    bool visible;
} progress;

progress progress_start(const char *label);

/* What progress_show gets from now on runs from `begin` to `end` of the whole. */
void progress_set_part(progress *bar, double begin, double end);

/* Draws `done`, 0 to 1; `user` is a progress. A denseblock_progress. */
void progress_show(double done, void *user);

/* Erases the bar: before anything else is printed, and at the end. */
void progress_erase(progress *bar);

#endif
