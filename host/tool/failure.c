#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "line.h"

/* Set once, before the command starts. Every message needs it, and passing it to each function
 * that can fail would say nothing about them. */
static const char *command_name;

/* Where stderr itself cannot be written there is nobody left to tell. */
static void __attribute__((format(printf, 1, 0)))
print_message(const char *format, va_list arguments) {
    if (command_name != NULL)
        (void)fprintf(stderr, "denseblock %s: ", command_name);
    else
        (void)fputs("denseblock: ", stderr);
    print_line(stderr, format, arguments);
}

static outcome failure_of(denseblock_status status) {
    switch (status) {
    case DENSEBLOCK_OK:
        return OUTCOME_SUCCESS;
    case DENSEBLOCK_INVALID_ARGUMENT:
    case DENSEBLOCK_UNSUPPORTED:
    case DENSEBLOCK_BAD_FILE:
        return OUTCOME_BAD_INPUT;
    case DENSEBLOCK_OUT_OF_MEMORY:
    case DENSEBLOCK_IO_FAILED:
    case DENSEBLOCK_UNAVAILABLE:
    case DENSEBLOCK_DEVICE_FAILED:
        break;
    }
    return OUTCOME_MACHINE_FAILED;
}

void failure_set_command(const char *name) {
    command_name = name;
}

outcome fail_input(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    return OUTCOME_BAD_INPUT;
}

outcome fail_machine(const char *format, ...) {
    va_list arguments;

    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    return OUTCOME_MACHINE_FAILED;
}

outcome fail_out_of_memory(void) {
    return fail_machine("out of memory");
}

outcome fail_path(const char *path, const char *what, int error) {
    if (error == ENOSPC || error == EDQUOT || error == EIO)
        return fail_machine("%s cannot be %s: %s", path, what, strerror(error));
    return fail_input("%s cannot be %s: %s", path, what, strerror(error));
}

outcome fail_status(denseblock_status status) {
    const char *detail = denseblock_last_error();

    if (detail[0] == '\0')
        detail = denseblock_status_string(status);
    if (failure_of(status) == OUTCOME_BAD_INPUT)
        return fail_input("%s", detail);
    return fail_machine("%s", detail);
}

outcome outcome_of(denseblock_status status) {
    return status == DENSEBLOCK_OK ? OUTCOME_SUCCESS : fail_status(status);
}
