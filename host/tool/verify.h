/* What `denseblock verify` was asked, and what it found of each backend. */
#ifndef TOOL_VERIFY_H
#define TOOL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "comparison.h"
#include "denseblock.h"
#include "execution.h"
#include "expectation.h"
#include "failure.h"
#include "generated_case.h"
#include "parse.h"
#include "progress.h"

/* Where the cases of the trials come from. */
typedef enum case_source {
    CASE_RANDOM, /* blocks whose sizes are drawn too */
    CASE_OF_SIZES,
    CASE_IN_FILES
} case_source;

typedef struct verify_request {
    case_source source;
    const char *input; /* these three of a case in files */
    const char *kernels;
    expectation_choice expect;
    uniform_block sizes; /* its type is that of all cases */
    int64_t seed;
    int64_t trials;
    backend_list backends;
    denseblock_plan_options options;
    double tolerance; /* below 0: that of the type */
    bool json;
} verify_request;

/* The trials of one backend. */
typedef struct tally {
    denseblock_backend backend; /* never AUTO */
    int64_t compared;
    int64_t failed;
    comparison worst;
    int64_t worst_trial;
    char reason[REASON_SIZE]; /* why a trial was not run; empty where all were */
} tally;

typedef struct verify_figures {
    denseblock_type type;
    denseblock_arithmetic arithmetic;
    bool no_layers; /* the folder of kernels has none */
    size_t count;
    tally tallies[DENSEBLOCK_BACKEND_COUNT];
} verify_figures;

/* The seed of a trial. */
int64_t verify_seed(const verify_request *request, int64_t trial);

/* Runs a trial and adds what it found to the tallies.
 *
 *   bar   shows how far it is */
outcome verify_trial(const verify_request *request, int64_t trial, progress *bar,
                     verify_figures *figures);

/* Whether a trial of any backend failed. */
bool verify_failed(const verify_figures *figures);

/* Prints the report on stdout. */
void verify_print(const verify_request *request, const verify_figures *figures);
outcome verify_print_json(const verify_request *request, const verify_figures *figures);

#endif
