/* The values of options: text to number, size or name. */
#ifndef TOOL_PARSE_H
#define TOOL_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "denseblock.h"
#include "failure.h"

/* Reads `text`, the value of --`option`, into `target`, or fails with a message that shows the
 * value and what it must be. Each parser below names the type of its target. */
typedef outcome option_parser(const char *option, const char *text, void *target);

/* Text that is not empty: const char *. It points to `text`. */
option_parser parse_text;

/* 2^53 - 1: whole numbers up to here every JSON reader keeps. */
#define SEED_MOST INT64_C(9007199254740991)

/* Whole numbers: int64_t. */
option_parser parse_threads;   /* 1 to 1024 */
option_parser parse_group;     /* 1 to 10000 */
option_parser parse_workspace; /* bytes, at least 1, as a size_t */
option_parser parse_batch;     /* at least 0 */
option_parser parse_layers;    /* 0 to 10000 */
option_parser parse_growth;    /* at least 1 */
option_parser parse_repeats;   /* 1 to 1000000, for trials too */
option_parser parse_warmups;   /* 0 to 1000000 */
option_parser parse_seed;      /* 0 to SEED_MOST */

/* A finite number from 0: double. */
option_parser parse_tolerance;

/* --shape, which may be left out of verify. */
typedef struct block_shape {
    bool given;
    int64_t batch, height, width, channels;
} block_shape;
option_parser parse_shape; /* "N,H,W,C": block_shape */

typedef struct kernel_size {
    int64_t height, width;
} kernel_size;
option_parser parse_kernel_size; /* "3x3": kernel_size */

option_parser parse_corner; /* "Y,X": the corner of comparison.h */

/* Names. */
option_parser parse_backend;      /* denseblock_backend */
option_parser parse_algorithm;    /* denseblock_algorithm */
option_parser parse_accuracy;     /* denseblock_accuracy */
option_parser parse_instructions; /* denseblock_instructions */

/* --dtype, which may be left out. */
typedef struct type_choice {
    bool given;
    denseblock_type type;
    denseblock_arithmetic arithmetic; /* of f32: TF32 and TF32X3 are names of their own */
} type_choice;
option_parser parse_type;

/* One name or several, "cpu,cuda"; or "all", which stands for every backend that can run here.
 * None twice, and never AUTO, but the backend it stands for. */
typedef struct backend_list {
    size_t count;
    denseblock_backend backends[DENSEBLOCK_BACKEND_COUNT];
    bool all;
} backend_list;
option_parser parse_backends;

/* Where no name was given, the backend that AUTO stands for: once the command line is read, since to
 * find it out a GPU may have to be asked. */
void backend_list_complete(backend_list *list);

/* The same with all that can run here, but not the reference, which is slow. */
void backend_list_complete_fast(backend_list *list);

/* The index in `names` of `text`; a message with the names and the nearest one otherwise. */
outcome parse_choice(const char *option, const char *text, const char *const *names, size_t count,
                     size_t *index);

const char *algorithm_name(denseblock_algorithm algorithm);
const char *accuracy_name(denseblock_accuracy accuracy);
const char *instructions_name(denseblock_instructions instructions);

/* As --dtype has it. */
const char *type_choice_name(denseblock_type type, denseblock_arithmetic arithmetic);

#endif
