/* What was found, in words. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static const char *const kind_names[EMULATOR_FINDINGS] = {
    [EMULATOR_OUT_OF_BOUNDS] = "out of bounds",
    [EMULATOR_HOST_POINTER] = "host pointer",
    [EMULATOR_MISALIGNED] = "misaligned",
    [EMULATOR_NOT_WRITTEN] = "not written",
    [EMULATOR_RACE] = "race",
    [EMULATOR_IN_FLIGHT] = "in flight",
    [EMULATOR_DIVERGENCE] = "divergence",
    [EMULATOR_WRITTEN_TWICE] = "written twice",
    [EMULATOR_BAD_LAUNCH] = "bad launch",
    [EMULATOR_MISUSED] = "misused",
    [EMULATOR_DEPENDENCE] = "dependence",
    [EMULATOR_UNDEFINED] = "undefined",
};

static size_t counts[EMULATOR_FINDINGS + 1];
static char *text;
static size_t text_length, text_capacity;

/* Of the present launch: a place in the code is reported once for every kind. */
enum { MOST_REPORTS = 256, DEFAULT_REPORTS = 16 };
static struct {
    enum emulator_finding kind;
    const void *caller;
} reported[MOST_REPORTS];
static size_t reported_count;

void reports_begin_launch(void) {
    reported_count = 0;
}

size_t emulator_count(enum emulator_finding kind) {
    return counts[kind];
}

const char *emulator_reports(void) {
    return text_length == 0 ? "" : text;
}

void emulator_clear(void) {
    memset(counts, 0, sizeof counts);
    text_length = 0;
    if (text != NULL)
        text[0] = 0;
}

/* ---- Reporting ---- */

static void append(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return;
    const size_t needed = text_length + (size_t)length + 1;
    if (needed > text_capacity) {
        char *larger = realloc(text, 2 * needed);
        if (larger == NULL)
            return;
        text = larger;
        text_capacity = 2 * needed;
    }
    vsnprintf(text + text_length, text_capacity - text_length, format, arguments);
    text_length += (size_t)length;
}

static void __attribute__((format(printf, 1, 2))) add(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    append(format, arguments);
    va_end(arguments);
}

static bool is_new(enum emulator_finding kind, const void *caller) {
    size_t most = now.settings.most_reports == 0 ? DEFAULT_REPORTS : now.settings.most_reports;
    if (most > MOST_REPORTS)
        most = MOST_REPORTS;
    if (reported_count >= most)
        return false;
    for (size_t i = 0; i < reported_count; i++)
        if (reported[i].kind == kind && reported[i].caller == caller)
            return false;
    reported[reported_count].kind = kind;
    reported[reported_count++].caller = caller;
    return true;
}

extern struct emulator_index blockIdx;

void report(enum emulator_finding kind, const void *caller, const char *format, ...) {
    counts[kind]++;
    counts[EMULATOR_FINDINGS]++;
    if (!is_new(kind, caller))
        return;
    add("%s: %s: ", now.launch->name, kind_names[kind]);
    va_list arguments;
    va_start(arguments, format);
    append(format, arguments);
    va_end(arguments);
    const struct thread *thread = now.thread;
    if (thread != NULL)
        add("; block (%u,%u,%u), thread (%u,%u,%u)", blockIdx.x, blockIdx.y, blockIdx.z,
            thread->index.x, thread->index.y, thread->index.z);
    if (caller != NULL)
        add("; %s", source_place(caller));
    add("\n");
}
