/* What `denseblock verify` was asked, and what it found of each backend. */
#ifndef TOOL_VERIFY_H
#define TOOL_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "comparison.h"
#include "denseblock.h"
#include "expectation.h"
#include "failure.h"
#include "generated_case.h"
#include "parse.h"
#include "progress.h"

typedef struct verify_request {
    /* A case in files, */
    const char *input;
    const char *kernels;
    expectation_choice expect;
    /* or of these sizes, or, without any, random blocks. */
    uniform_block sizes;
    int64_t layers, growth; /* -1 and 0: not given */
    int64_t seed;           /* -1: not given */
    int64_t trials;         /* 0: not given */
    backend_list backends;
    denseblock_plan_options options;
    type_choice type;
    double tolerance; /* below 0: that of the type */
    bool json;
} verify_request;

enum { REASON_SIZE = 256 };

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
    int64_t trials;
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
