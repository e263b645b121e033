#include "options.h"

#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

enum { NAME_SIZE = 64 };

/* The options and --help in popt's form. popt returns `val`: the option's index + 1, or 'h'. */
static void make_table(const option *options, size_t count, struct poptOption *table) {
    for (size_t i = 0; i < count; i++) {
        table[i] = (struct poptOption){
            .longName = options[i].name,
            .argInfo = options[i].parse != NULL ? POPT_ARG_STRING : POPT_ARG_NONE,
            .val = (int)i + 1,
            .descrip = options[i].help,
            .argDescrip = options[i].value_name,
        };
    }
    table[count] = (struct poptOption){
        .longName = "help",
        .shortName = 'h',
        .argInfo = POPT_ARG_NONE,
        .val = 'h',
        .descrip = "show this page",
    };
    table[count + 1] = (struct poptOption)POPT_TABLEEND;
}

static void print_help(poptContext context, const command_page *page) {
    (void)fputs(page->summary, stdout);
    poptSetOtherOptionHelp(context, page->synopsis);
    poptPrintHelp(context, stdout, 0);
    (void)fputs(page->examples, stdout);
}

/* `text` is what popt did not know: "--bakend=cpu" or "-x". */
static outcome fail_unknown_option(const command_page *page, const option *options, size_t count,
                                   const char *text) {
    const char *names[OPTION_LIMIT + 1];
    char name[NAME_SIZE];
    const char *nearest;

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
    for (size_t i = 0; i < count; i++)
        names[i] = options[i].name;
    names[count] = "help";
    nearest = suggest(name + strspn(name, "-"), names, count + 1);
    if (nearest != NULL)
        return fail_input("no option '%s'; did you mean '--%s'?", name, nearest);
    return fail_input("no option '%s'; see 'denseblock %s --help'", name, page->name);
}

static outcome fail_popt(int error, const command_page *page, const option *options, size_t count,
                         const char *text) {
    switch (error) {
    case POPT_ERROR_BADOPT:
        return fail_unknown_option(page, options, count, text);
    case POPT_ERROR_NOARG:
        return fail_input("%s needs a value", text);
    case POPT_ERROR_UNWANTEDARG:
        return fail_input("%.*s takes no value", (int)strcspn(text, "="), text);
    case POPT_ERROR_MALLOC:
        return fail_out_of_memory();
    default:
        return fail_input("%s: %s", text, poptStrerror(error));
    }
}

static outcome take_option(poptContext context, const option *taken, char **text, bool *given) {
    if (*given)
        return fail_input("--%s is given twice", taken->name);
    *given = true;
    if (taken->parse == NULL) {
        *(bool *)taken->target = true;
        return OUTCOME_SUCCESS;
    }
    *text = poptGetOptArg(context);
    if (*text == NULL)
        return fail_out_of_memory();
    return taken->parse(taken->name, *text, taken->target);
}

static outcome check_required(const option *options, size_t count, const command_line *line) {
    for (size_t i = 0; i < count; i++) {
        if (options[i].required && !line->given[i])
            return fail_input("--%s is missing: add --%s %s", options[i].name, options[i].name,
                              options[i].value_name);
    }
    return OUTCOME_SUCCESS;
}

static outcome read_options(poptContext context, const command_page *page, const option *options,
                            size_t count, command_line *line) {
    const char *leftover;
    int value;

    while ((value = poptGetNextOpt(context)) > 0) {
        const size_t index = (size_t)value - 1;
        outcome result;

        if (value == 'h') {
            print_help(context, page);
            line->help = true;
            return OUTCOME_SUCCESS;
        }
        result = take_option(context, &options[index], &line->texts[index], &line->given[index]);
        if (result != OUTCOME_SUCCESS)
            return result;
    }
    if (value < -1)
        return fail_popt(value, page, options, count,
                         poptBadOption(context, POPT_BADOPTION_NOALIAS));
    leftover = poptGetArg(context);
    if (leftover != NULL)
        return fail_input(
            "'%s' is left over: values follow an option, see 'denseblock %s --help'", leftover,
            page->name);
    return check_required(options, count, line);
}

outcome options_parse(const command_page *page, const option *options, size_t count, int argc,
                      char **argv, command_line *line) {
    struct poptOption table[OPTION_LIMIT + 2];
    char program[NAME_SIZE];
    const char **arguments = NULL;
    poptContext context = NULL;
    outcome result;

    *line = (command_line){.options = options, .count = count};
    make_table(options, count, table);

    /* popt prints the first argument as the program's name in the help page. */
    arguments = calloc((size_t)argc + 2, sizeof *arguments);
    if (arguments == NULL) {
        result = fail_out_of_memory();
        goto exit;
    }
    (void)snprintf(program, sizeof program, "denseblock %s", page->name);
    arguments[0] = program;
    for (int i = 0; i < argc; i++)
        arguments[i + 1] = argv[i];

    context = poptGetContext("denseblock", argc + 1, arguments, table, 0);
    if (context == NULL) {
        result = fail_out_of_memory();
        goto exit;
    }
    result = read_options(context, page, options, count, line);

exit:
    (void)poptFreeContext(context);
    free(arguments);
    return result;
}

bool option_given(const command_line *line, const char *name) {
    for (size_t i = 0; i < line->count; i++) {
        if (strcmp(line->options[i].name, name) == 0)
            return line->given[i];
    }
    return false;
}

void command_line_free(command_line *line) {
    for (size_t i = 0; i < OPTION_LIMIT; i++)
        free(line->texts[i]);
    *line = (command_line){0};
}
