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
    bool help; /* --help was there: the page is printed, and nothing is left to do */
} command_line;

/* Reads the command line into the targets of the options, in the order given.
 *
 *   line   receives what was there, for command_line_free, whatever the outcome */
outcome options_parse(const command_page *page, const option *options, size_t count, int argc,
                      char **argv, command_line *line);

void command_line_free(command_line *line);

#endif
