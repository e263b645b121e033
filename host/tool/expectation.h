/* The expected result in a file, or a window of it. */
#ifndef TOOL_EXPECTATION_H
#define TOOL_EXPECTATION_H

#include "arrays.h"
#include "comparison.h"
#include "denseblock.h"
#include "failure.h"
#include "parse.h"

/* --expect and --expect-at. */
typedef struct expectation_choice {
    const char *path;    /* NULL: nothing is expected */
    const char *at_text; /* as typed; NULL: not given */
    corner at;
} expectation_choice;

option_parser parse_expect_at; /* expectation_choice */

/* Reads the file and checks that it fits the result of `desc`, which a plan has accepted.
 *
 *   expected   receives the array, for array_release, whatever the outcome */
outcome expectation_load(const expectation_choice *choice, const denseblock_desc *desc,
                         ledger *account, denseblock_array *expected);

#endif
