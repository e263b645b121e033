/* What `denseblock bench` was asked, and what it measured. */
#ifndef TOOL_BENCH_H
#define TOOL_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "arrays.h"
#include "block_case.h"
#include "block_plans.h"
#include "concatenation.h"
#include "denseblock.h"
#include "execution.h"
#include "failure.h"
#include "generated_case.h"
#include "parse.h"
#include "progress.h"
#include "resident.h"
#include "spread.h"

typedef struct bench_request {
    uniform_block sizes;
    backend_list backends;
    denseblock_plan_options options;
    concatenation concat;
    int64_t warmups;
    int64_t repeats;
    bool plan; /* print the plans */
    bool json;
} bench_request;

/* The times of one backend, or of one way to start its work. */
typedef struct timing {
    denseblock_backend backend; /* never AUTO */
    bool graph;                 /* through a CUDA Graph */
    int threads;
    const denseblock_plan *plan; /* of the whole block; NULL where every layer has its own */
    size_t weights_bytes;
    size_t workspace_bytes;
    double flops;           /* of one execution, counted as direct convolution */
    double bytes;           /* that the layer-by-layer schedule has to move */
    double prepare_seconds; /* for the weights, once */
    double *seconds;        /* `repeats` of them */
    spread time;
    double enqueue; /* least time that the host was busy with one, on a GPU; else 0 */
    double peak; /* FMA operations a second of this processor with as many threads, the larger of
                    those before and after; 0 for backends that run elsewhere */
} timing;

/* A backend that does not carry out this block, and why. */
typedef struct omission {
    denseblock_backend backend;
    char reason[REASON_SIZE];
} omission;

/* Those on a GPU are measured in two ways. */
enum { MOST_TIMINGS = 2 * DENSEBLOCK_BACKEND_COUNT };

typedef struct bench_figures {
    size_t count;
    timing timings[MOST_TIMINGS];
    size_t omission_count;
    omission omissions[DENSEBLOCK_BACKEND_COUNT]; /* of `all` */
} bench_figures;

/* A backend that copies features from tensor to tensor. */
typedef struct copying {
    block_plans plans;
    denseblock_buffers *buffers;
    resident features;
} copying;

/* What is measured, made ready. Begins as zeros. */
typedef struct bench_job {
    ledger account;
    const block_case *block;
    denseblock_array y; /* the backends write the same result, one after the other */
    execution runs[DENSEBLOCK_BACKEND_COUNT];
    size_t run_count;
    execution *measured[MOST_TIMINGS];        /* by each timing */
    copying copies[DENSEBLOCK_BACKEND_COUNT]; /* with --concat copy, in place of executions */
    size_t copy_count;
    bench_figures figures;
} bench_job;

/* Measures the backends on a block, which must live as long as `work`.
 *
 *   work   receives the figures, for bench_job_free, whatever the outcome */
outcome bench_measure(const bench_request *request, const block_case *block, progress *bar,
                      bench_job *work);
void bench_job_free(bench_job *work);

/* Prints the report on stdout. */
void bench_print(const bench_request *request, const denseblock_desc *desc,
                 const bench_figures *figures);
outcome bench_print_json(const bench_request *request, const denseblock_desc *desc,
                         const bench_figures *figures);

#endif
