#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stopwatch.h"

static const double FIRST_DRAWN_AFTER = 0.4; /* seconds */
static const double REDRAWN_AFTER = 0.1;

static bool terminal_can_erase(void) {
    const char *terminal = getenv("TERM");

    return isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

progress progress_start(const char *label) {
    return (progress){
        .label = label,
        .begin = 0,
        .end = 1,
        .started = stopwatch_seconds(),
        .wanted = terminal_can_erase(),
    };
}

void progress_set_part(progress *bar, double begin, double end) {
    bar->begin = begin;
    bar->end = end;
}

static void draw(const char *label, double done) {
    static const char full[] = "########################################";
    static const char empty[] = "........................................";
    const int width = (int)strlen(full);
    const int filled = (int)(done * width);

    (void)fprintf(stderr, "\r%s [%.*s%.*s] %3.0f %%", label, filled, full, width - filled, empty,
                  100 * done);
    (void)fflush(stderr);
}

void progress_show(double done, void *user) {
    progress *bar = user;
    double now;

    if (!bar->wanted)
        return;
    now = stopwatch_seconds();
    if (now - bar->started < FIRST_DRAWN_AFTER || now - bar->drawn < REDRAWN_AFTER)
        return;
    done = bar->begin + done * (bar->end - bar->begin);
    if (!(done >= 0))
        done = 0;
    if (done > 1)
        done = 1;
    draw(bar->label, done);
    bar->drawn = now;
    bar->visible = true;
}

void progress_erase(progress *bar) {
    if (!bar->visible)
        return;
    (void)fputs("\r\033[K", stderr);
    (void)fflush(stderr);
    bar->visible = false;
}
