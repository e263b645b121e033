/* denseblock: the command-line tool. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "denseblock.h"
#include "failure.h"
#include "suggest.h"

static const char HELP[] =
    "Usage: denseblock COMMAND [OPTION...]\n"
    "Run DenseNet dense blocks, and compare backends with a reference.\n"
    "\n"
    "  run        run a block on an input and write the result\n"
    "  verify     compare backends with the reference, or with a file\n"
    "  generate   write a random case\n"
    "  bench      measure speed\n"
    "  memory     measure what each way of concatenation takes\n"
    "  compare    measure a dense block beside a residual one\n"
    "  report     measure a block, and write a page on it\n"
    "  info       what this build and this machine can run, and why not\n"
    "  help CMD   the options of a command; so does CMD --help\n"
    "\n"
    "  -h, --help     show this page\n"
    "      --version  show the version\n"
    "\n"
    "Exit status: 0 success, 1 a comparison failed, 2 bad usage or bad input,\n"
    "3 the machine failed (memory, disk, device).\n"
    "\n"
    "Examples:\n"
    "  denseblock generate --shape 1,64,64,16 --layers 6 --growth 12 --out block\n"
    "  denseblock run --input block/input.npy --kernels block --output y.npy\n";

typedef struct command {
    const char *name;
    command_function *run;
} command;

static const command COMMANDS[] = {
    {"run", command_run},       {"verify", command_verify}, {"generate", command_generate},
    {"bench", command_bench},   {"memory", command_memory}, {"compare", command_compare},
    {"report", command_report}, {"info", command_info},
};
enum { COMMAND_COUNT = sizeof COMMANDS / sizeof COMMANDS[0] };

/* main is about to return, and the exit status is its own. */
static bool finished;

static outcome print_help(void) {
    (void)fputs(HELP, stdout);
    return OUTCOME_SUCCESS;
}

static outcome fail_unknown_option(const char *name) {
    static const char *const names[] = {"--help", "--version"};
    const char *const nearest = suggest(name, names, sizeof names / sizeof names[0]);

    if (nearest != NULL)
        return fail_input("no option '%s'; did you mean '%s'?", name, nearest);
    return fail_input("no option '%s' before the command; see 'denseblock --help'", name);
}

static outcome fail_unknown(const char *name) {
    const char *names[COMMAND_COUNT + 1];
    const char *nearest;

    if (name[0] == '-')
        return fail_unknown_option(name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = COMMANDS[i].name;
    names[COMMAND_COUNT] = "help";
    nearest = suggest(name, names, COMMAND_COUNT + 1);
    if (nearest != NULL)
        return fail_input("no command '%s'; did you mean '%s'? See 'denseblock --help'", name,
                          nearest);
    return fail_input("no command '%s'; see 'denseblock --help'", name);
}

static outcome run_command(const char *name, int argc, char **argv) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, COMMANDS[i].name) == 0) {
            failure_set_command(name);
            return COMMANDS[i].run(argc, argv);
        }
    }
    return fail_unknown(name);
}

static bool is_help_option(const char *text) {
    return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

/* `denseblock help`, and `denseblock help run` for `denseblock run --help`. */
static outcome help_on(int argc, char **argv) {
    char help[] = "--help";
    char *arguments[] = {help, NULL};

    if (argc == 0)
        return print_help();
    if (argc > 1)
        return fail_input("'%s' is left over: help takes one command", argv[1]);
    if (strcmp(argv[0], "help") == 0 || is_help_option(argv[0]))
        return print_help();
    return run_command(argv[0], 1, arguments);
}

static outcome dispatch(int argc, char **argv) {
    const char *const first = argc > 1 ? argv[1] : NULL;

    if (first == NULL)
        return fail_input("a command is missing; see 'denseblock --help'");
    if (is_help_option(first))
        return print_help();
    if (strcmp(first, "--version") == 0) {
        (void)printf("denseblock %s\n", denseblock_version_string());
        return OUTCOME_SUCCESS;
    }
    if (strcmp(first, "help") == 0)
        return help_on(argc - 2, argv + 2);
    return run_command(first, argc - 2, argv + 2);
}

/* A library that ends the program itself does so for want of something: OpenMP, of threads. Its
 * status is 1, which here would mean that a comparison failed. */
static void correct_status(void) {
    if (!finished)
        _exit(OUTCOME_MACHINE_FAILED); // NOLINT(cert-env32-c): there is no other way to change it
}

int main(int argc, char **argv) {
    outcome result;

    if (atexit(correct_status) != 0)
        return fail_out_of_memory();
    result = dispatch(argc, argv);
    /* The one place that looks whether the reports got out. A disk that is full says so late. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && result <= OUTCOME_DIFFERENT)
        result = fail_machine("standard output cannot be written: %s", strerror(errno));
    finished = true;
    return result;
}
