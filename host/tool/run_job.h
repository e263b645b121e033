/* The steps of `denseblock run`, in their order. */
#ifndef TOOL_RUN_JOB_H
#define TOOL_RUN_JOB_H

#include "arrays.h"
#include "block_case.h"
#include "denseblock.h"
#include "failure.h"
#include "kernel_files.h"
#include "run.h"

/* Everything the command holds, so that one function can let go of it. Begins as zeros. */
typedef struct job {
    ledger account; /* of the block: its peak is reported */
    ledger aside;   /* of what is there for comparisons only */
    kernel_files files;
    block_case block;
    denseblock_array expected; /* of --expect */
    denseblock_array y;
    denseblock_output *output;
    denseblock_output *maps;
} job;

/* Reads the case and what is expected of it, and makes a plan, which says whether the block can
 * run and where. */
outcome job_load(const run_request *request, job *work, run_figures *figures);

/* Opens the outputs: before the work, so that a path which cannot be written is known at once. */
outcome job_open_outputs(const run_request *request, job *work);

/* Runs the block. */
outcome job_execute(const run_request *request, job *work, run_figures *figures);

/* Makes the comparisons that were asked for. That one of them failed is no failure here: people
 * want to look at such a result, so it is written too. */
outcome job_compare(const run_request *request, job *work, run_figures *figures);

/* Writes the outputs and puts them in place. */
outcome job_write(const run_request *request, job *work);

/* Lets go of everything; outputs that job_write has not put in place are given up. */
void job_free(job *work);

#endif
