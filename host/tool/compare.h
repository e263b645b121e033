/* What `denseblock compare` was asked, and what it found. */
#ifndef TOOL_COMPARE_H
#define TOOL_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "compare_match.h"
#include "compare_verdict.h"
#include "comparison.h"
#include "denseblock.h"
#include "execution.h"
#include "failure.h"
#include "generated_case.h"
#include "memory.h"
#include "parse.h"
#include "progress.h"
#include "resident.h"
#include "spread.h"

typedef struct compare_request {
    uniform_block sizes; /* of the dense block */
    match matched;
    denseblock_backend backend;
    denseblock_plan_options options;
    int64_t warmups;
    int64_t repeats;
    bool check;
    bool json;
    const char *svg; /* NULL: no picture */
} compare_request;

/* One block in one way. */
typedef struct compare_trial {
    memory_trial memory; /* its way is NULL where the block has no such way */
    block_plans plans;
    denseblock_buffers *buffers; /* of `features` */
    resident features;           /* while times and energy are measured */
    int threads;
    size_t training_bytes; /* by formula */
    bool moved_known;
    double moved; /* bytes, by formula */
    spread time;  /* seconds of a forward */
    double *seconds;
    int64_t timed;               /* of them */
    quantity joules;             /* of a forward */
    char no_energy[REASON_SIZE]; /* why they are not known */
    comparison check;            /* with the reference, where that was asked for */
} compare_trial;

typedef enum block_kind { BLOCK_DENSE, BLOCK_RESIDUAL } block_kind;
enum { BLOCK_KIND_COUNT = 2 };

typedef struct compared_block {
    double parameters;
    double flops;                         /* of one forward, counted as direct convolution */
    compare_trial trials[STRATEGY_COUNT]; /* in the order of STRATEGIES */
} compared_block;

/* What a claim's figures are. */
typedef enum claim_unit { UNIT_COUNT, UNIT_BYTES, UNIT_SECONDS, UNIT_JOULES } claim_unit;

/* One sentence that begins with "the dense block". */
typedef struct claim {
    const char *name;    /* for machines: "parameters" */
    const char *text;    /* "has fewer parameters" */
    const strategy *way; /* of the dense block; NULL: it is about no way */
    const strategy *residual_way;
    claim_unit unit;
    quantity dense, residual;
    verdict verdict;
    const char
        *why; /* of what is undecided or not measured, or follows from the match; else "" */
} claim;

/* Names of claims of which there is one for every way. */
extern const char CLAIM_INFERENCE_MEMORY[];
extern const char CLAIM_TRAINING_MEMORY[];
extern const char CLAIM_FORWARD_TIME[];

/* Those of each way, and three more. */
enum { MOST_CLAIMS = 4 * STRATEGY_COUNT + 3 };

typedef struct compare_figures {
    denseblock_desc dense;
    denseblock_residual_desc residual;
    denseblock_backend backend; /* never AUTO */
    compared_block blocks[BLOCK_KIND_COUNT];
    size_t claim_count;
    claim claims[MOST_CLAIMS];
} compare_figures;

/* "dense", "residual". */
const char *block_kind_name(block_kind kind);

/* Whether there are figures of it. */
bool compare_trial_is_run(const compare_trial *trial);

/* The block's data, in host memory. */
typedef struct compare_data {
    const void *const *kernels;
    const denseblock_array *input;
} compare_data;

/* One way of one block, step by step. Makes the plans, and what follows from them by formula; a way
 * that the backend does not carry out has a reason afterwards, and no figures.
 *
 *   trial   its way is given; for compare_trial_free, whatever the outcome */
outcome compare_trial_plan(const compare_request *request, const compare_figures *figures,
                           block_kind kind, compare_trial *trial);

/* Then: one forward whose memory is measured; nothing is held afterwards. */
outcome compare_trial_measure_memory(const compare_data *data, int device, progress *bar,
                                     compare_trial *trial);

/* Then: prepared weights, for what follows. */
outcome compare_trial_prepare(const compare_data *data, int device, compare_trial *trial);

/* One forward; of features nothing is held afterwards. */
outcome compare_trial_time(const compare_data *data, progress *bar, compare_trial *trial,
                           double *seconds);

/* Energy of a forward, from as many as take about a second; or why nobody counts it. */
outcome compare_trial_measure_energy(const compare_data *data, compare_trial *trial);

void compare_trial_free(compare_trial *trial);

/* Compares what every way that is prepared computes with what the reference does.
 *
 *   data   of both blocks */
outcome compare_check(const compare_request *request, const compare_data *data, ledger *account,
                      progress *bar, compare_figures *figures);

/* Derives the claims from the figures. */
void compare_claim(const compare_request *request, compare_figures *figures);

/* Prints the report on stdout. */
void compare_print(const compare_request *request, const compare_figures *figures);
outcome compare_print_json(const compare_request *request, const compare_figures *figures);

/* Draws the figures as bars, as SVG. */
void compare_picture(const compare_figures *figures, FILE *stream);

#endif
