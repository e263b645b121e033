/* What `denseblock memory` was asked, and what it found. */
#ifndef TOOL_MEMORY_H
#define TOOL_MEMORY_H

#include <stdbool.h>
#include <stdio.h>

#include "block_case.h"
#include "block_plans.h"
#include "concatenation.h"
#include "denseblock.h"
#include "execution.h"
#include "failure.h"
#include "generated_case.h"
#include "memory_formula.h"
#include "parse.h"
#include "presets.h"
#include "progress.h"

typedef struct memory_request {
    uniform_block sizes;   /* of the block; of a network, the type alone */
    const preset *network; /* NULL: one block */
    int64_t batch;         /* of the network's blocks */
    backend_list backends;
    denseblock_plan_options options;
    size_t batch_limit; /* bytes; 0: not asked for */
    const char *svg;    /* NULL: no picture */
    bool timeline;      /* print the events */
    bool json;
} memory_request;

/* Ways to hold the features of a block. */
typedef struct strategy {
    const char *name;
    concatenation how;
    bool groups; /* of layers, as --group or the plan says; else layer by layer */
} strategy;

enum { STRATEGY_COUNT = 4 };
extern const strategy STRATEGIES[STRATEGY_COUNT];

/* One way on one backend. */
typedef struct memory_trial {
    denseblock_backend backend;
    const strategy *way;
    char not_run[REASON_SIZE]; /* why the backend does not carry it out; else "", and: */
    size_t weights_bytes;
    size_t workspace_bytes;
    size_t preparing_bytes; /* the most held before the forward, kernels included */
    footprint measured;     /* of the forward, by the account of buffers; copies are counted as
                               they are made; no reads */
    footprint formula;
    double seconds;              /* of the layers; the first execution */
    int64_t largest_batch;       /* within the limit */
    denseblock_buffers *account; /* whose time line has everything from the first kernel on */
    size_t *marks;               /* events before each layer's own, and before what comes after */
    size_t first_event;          /* of the forward */
} memory_trial;

enum { MOST_TRIALS = STRATEGY_COUNT * DENSEBLOCK_BACKEND_COUNT };

typedef struct memory_block {
    denseblock_desc desc; /* its layers are `layers` */
    denseblock_layer *layers;
    size_t count;
    memory_trial trials[MOST_TRIALS];
} memory_block;

typedef struct memory_figures {
    size_t count;
    memory_block blocks[MOST_PRESET_BLOCKS];
} memory_figures;

/* Runs one way on one backend.
 *
 *   trial   its backend and way are given; receives all else, for memory_trial_free, whatever the
 *           outcome */
outcome memory_trial_run(const memory_request *request, const block_case *block, progress *bar,
                         memory_trial *trial);
void memory_trial_free(memory_trial *trial);

/* The part of it that runs the block, of any kind, once its plans are made.
 *
 *   kernels, input   in host memory
 *   trial            its backend is given; receives what was measured */
outcome memory_trial_measure(const block_plans *plans, int device, const void *const *kernels,
                             const denseblock_array *input, progress *bar, memory_trial *trial);

/* Whether what was measured is what the formula says, to the byte. */
bool memory_trial_agrees(const memory_trial *trial);

/* Bytes of features at the measured peak: what is neither prepared weights nor workspace. */
size_t memory_trial_features(const memory_trial *trial);

/* Prints what the formula says otherwise; nothing where it agrees. */
void memory_print_difference(const memory_trial *trial);

/* Prints the report on stdout. */
void memory_print(const memory_request *request, const memory_figures *figures);
outcome memory_print_json(const memory_request *request, const memory_figures *figures);

/* Draws the time lines, as SVG. */
void memory_picture(const memory_request *request, const memory_figures *figures, FILE *stream);

#endif
