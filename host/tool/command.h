/* The commands of the tool, one file each. */
#ifndef TOOL_COMMAND_H
#define TOOL_COMMAND_H

#include "failure.h"

/* Runs a command.
 *
 *   argc, argv   what follows the command's name on the command line */
typedef outcome command_function(int argc, char **argv);

command_function command_run;
command_function command_verify;
command_function command_generate;
command_function command_bench;
command_function command_memory;
command_function command_compare;
command_function command_report;
command_function command_info;

#endif
