/* The command line of one command: its options, its help page, and what is wrong with it. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "parse.h"

enum { OPTION_LIMIT = 20 };

/* One option, --name or --name=VALUE. */
typedef struct option {
    const char *name;
    const char *value_name; /* as the help page shows it; NULL for a flag */
    const char *help;
    option_parser *parse; /* NULL for a flag */
    void *target;         /* what `parse` fills; a bool for a flag */
    bool required;
} option;

typedef struct command_page {
    const char *name;     /* "run" */
    const char *synopsis; /* what follows the name: "--input X [OPTION...]" */
    const char *summary;  /* a line, ended by a newline */
    const char *examples; /* lines, each ended by a newline */
} command_page;

/* What was on the command line. Targets of parse_text point into it. */
typedef struct command_line {
    char *texts[OPTION_LIMIT]; /* the value of each option given */
    bool given[OPTION_LIMIT];
    bool help;             /* --help was there: the page is printed, and nothing is left to do */
    const option *options; /* those that there are */
    size_t count;
} command_line;

/* The rows of options that several commands have. clang-format would take them for blocks.
 *
 *   SIZES     a uniform_block
 *   TYPE      a type_choice
 *   BACKENDS  a backend_list
 *   OPTIONS   a denseblock_plan_options */
// clang-format off
#define OPTIONS_OF_SIZES(SIZES) \
    {"shape", "N,H,W,C", "sizes of the input", parse_shape, &(SIZES).shape, true}, \
    {"layers", "L", "number of layers", parse_layers, &(SIZES).layers, true}, \
    {"growth", "G", "channels that each layer adds", parse_growth, &(SIZES).growth, true}, \
    {"kernel", "KHxKW", "kernel size (default 3x3)", parse_kernel_size, &(SIZES).kernel, false}
#define OPTION_DTYPE(TYPE) \
    {"dtype", "T", "f32 (default), f64, f16, bf16, tf32 or tf32x3", parse_type, &(TYPE), false}
#define OPTION_BACKENDS(BACKENDS) \
    {"backend", "B,...", "backends, or all that can run here", parse_backends, &(BACKENDS), false}
#define OPTIONS_OF_PLAN(OPTIONS) \
    {"threads", "N", "threads of CPU backends", parse_threads, &(OPTIONS).thread_count, false}, \
    {"algorithm", "A", "auto (default), direct, winograd2, winograd4", parse_algorithm, \
     &(OPTIONS).algorithm, false}, \
    {"accuracy", "A", "default, or high, which leaves out winograd4", parse_accuracy, \
     &(OPTIONS).accuracy, false}, \
    {"instructions", "I", "of the cuda backend: default, or wgmma, on sm_90", \
     parse_instructions, &(OPTIONS).instructions, false}, \
    {"group", "N", "layers together (default: the plan's choice)", parse_group, \
     &(OPTIONS).group_size, false}, \
    {"workspace", "BYTES", "limit of the workspace (default 64 MiB)", parse_workspace, \
     &(OPTIONS).workspace_limit, false}
// clang-format on

/* Reads the command line into the targets of the options, in the order given.
 *
 *   line   receives what was there, for command_line_free, whatever the outcome */
outcome options_parse(const command_page *page, const option *options, size_t count, int argc,
                      char **argv, command_line *line);

/* Whether an option was there. */
bool option_given(const command_line *line, const char *name);

void command_line_free(command_line *line);

#endif
