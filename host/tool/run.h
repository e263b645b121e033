/* What `denseblock run` was asked, and what it found. */
#ifndef TOOL_RUN_H
#define TOOL_RUN_H

#include <stdbool.h>

#include "comparison.h"
#include "concatenation.h"
#include "denseblock.h"
#include "expectation.h"
#include "failure.h"
#include "parse.h"

typedef struct run_request {
    const char *input;
    const char *kernels;
    const char *output;
    const char *feature_maps; /* NULL: none */
    denseblock_backend backend;
    denseblock_plan_options options;
    type_choice type;
    concatenation concat;
    bool check;
    expectation_choice expect;
    double tolerance; /* below 0: that of the type */
    bool plan;        /* print it */
    bool json;
} run_request;

typedef struct run_figures {
    denseblock_backend backend; /* that ran */
    int threads;
    const char
        *plan; /* its description, which is the plan's; NULL where every layer has a plan */
    double flops;
    measures taken;
    size_t y_bytes;
    size_t peak_bytes; /* of input, kernels, features, prepared weights and workspace */
    bool checked;
    comparison check; /* with the reference */
    bool expected;
    comparison expectation; /* with the file */
} run_figures;

/* Prints the report on stdout. */
void run_print(const run_request *request, const denseblock_desc *desc,
               const run_figures *figures);
outcome run_print_json(const run_request *request, const denseblock_desc *desc,
                       const run_figures *figures);

#endif
