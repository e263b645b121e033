/* How a command ends, and how it says what went wrong. */
#ifndef TOOL_FAILURE_H
#define TOOL_FAILURE_H

#include "denseblock.h"

/* The exit codes of the program. Functions that can fail return one; whoever finds the failure
 * prints its message, and its callers pass the outcome on. */
typedef enum outcome {
    OUTCOME_SUCCESS = 0,
    OUTCOME_DIFFERENT = 1,     /* a comparison failed */
    OUTCOME_BAD_INPUT = 2,     /* bad usage or bad files: the user can mend it */
    OUTCOME_MACHINE_FAILED = 3 /* memory, disk, device */
} outcome;

/* Names the command that messages begin with: "denseblock run: ...". NULL: "denseblock: ...". */
void failure_set_command(const char *name);

/* Each prints one line on stderr and returns the outcome that its name says. */
outcome fail_input(const char *format, ...) __attribute__((format(printf, 1, 2)));
outcome fail_machine(const char *format, ...) __attribute__((format(printf, 1, 2)));
outcome fail_out_of_memory(void);

/* For a call on a file that failed with `error` of errno: "PATH cannot be WHAT: REASON". A disk
 * that is full or broken is the machine's fault, all else the path's. */
outcome fail_path(const char *path, const char *what, int error);

/* For a status of the library that is not DENSEBLOCK_OK: prints denseblock_last_error() and
 * returns the outcome that belongs to the status. */
outcome fail_status(denseblock_status status);

/* The same for any status: OUTCOME_SUCCESS for DENSEBLOCK_OK. */
outcome outcome_of(denseblock_status status);

#endif
