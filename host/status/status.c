#include <stdarg.h>

#include "status/fail.h"

/* A sentence with one or two file names in it; longer ones are cut. */
static _Thread_local char last_error[1024];

void dblk_keep_message(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    /* Through a second buffer: the arguments may point into last_error itself. */
    char text[sizeof last_error];
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(last_error, sizeof last_error, "%s", text);
}

const char *denseblock_last_error(void) {
    return last_error;
}

const char *denseblock_status_string(denseblock_status status) {
    switch (status) {
    case DENSEBLOCK_OK:
        return "ok";
    case DENSEBLOCK_INVALID_ARGUMENT:
        return "invalid argument";
    case DENSEBLOCK_UNSUPPORTED:
        return "unsupported";
    case DENSEBLOCK_BAD_FILE:
        return "bad file";
    case DENSEBLOCK_OUT_OF_MEMORY:
        return "out of memory";
    case DENSEBLOCK_IO_FAILED:
        return "input or output failed";
    case DENSEBLOCK_UNAVAILABLE:
        return "unavailable";
    case DENSEBLOCK_DEVICE_FAILED:
        return "device failed";
    }
    return "unknown status";
}
