/* What `denseblock report` was asked, what it measured, and the parts of its page. */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "bandwidth.h"
#include "bench.h"
#include "block_case.h"
#include "comparison.h"
#include "denseblock.h"
#include "failure.h"
#include "generated_case.h"
#include "memory.h"
#include "parse.h"
#include "progress.h"

typedef struct report_request {
    const char *input; /* NULL: a random block of these sizes */
    const char *kernels;
    uniform_block sizes; /* its type is that of files too */
    backend_list backends;
    denseblock_plan_options options;
    int64_t repeats;
    const char *folder;
    bool json;
    int argc; /* the command line, from the command's first option on */
    char **argv;
} report_request;

/* One layer, computed alone on the first backend: in groups of one. */
typedef struct layer_figures {
    int64_t channels; /* that it reads */
    double flops;     /* of the direct algorithm */
    double bytes;     /* of the layer-by-layer schedule */
    double seconds;   /* the median */
} layer_figures;

typedef struct report_figures {
    const block_case *block;
    time_t date;
    memory_figures memory; /* of one block */
    layer_figures *layers;
    bench_job speed;         /* its first timing is of the first backend */
    bandwidth memory_speed;  /* of the memory that the first backend computes in */
    int64_t compared_images; /* with the reference, the first ones of the batch */
    comparison checks[DENSEBLOCK_BACKEND_COUNT]; /* of each execution of `speed` */
    char *maps; /* the first image's feature maps as PNG; NULL: none are shown */
    size_t maps_bytes;
} report_figures;

/* Measures everything that the page shows.
 *
 *   block     must live as long as the figures
 *   figures   begin as zeros; for report_figures_free, whatever the outcome */
outcome report_measure(const report_request *request, const block_case *block,
                       report_figures *figures);
void report_figures_free(report_figures *figures);

/* The way of concatenation on the first backend; NULL: it was not measured. */
const memory_trial *report_memory_of(const report_figures *figures, const char *way);

/* Whether all that was compared is equal, and every formula agrees. */
bool report_passed(const report_figures *figures);

/* Writes the page. Errors of the stream are left for its end. */
void report_page(const report_request *request, const report_figures *figures, FILE *page);

/* Its parts, in this order. */
void report_head(const report_request *request, const report_figures *figures, FILE *page);
void report_block_picture(const report_figures *figures, FILE *page);
void report_memory(const report_request *request, const report_figures *figures, FILE *page);
void report_layers(const report_request *request, const report_figures *figures, FILE *page);
void report_roofline(const report_figures *figures, FILE *page);
void report_speed(const report_request *request, const report_figures *figures, FILE *page);
void report_accuracy(const report_figures *figures, FILE *page);
void report_maps(const report_figures *figures, FILE *page);

#endif
