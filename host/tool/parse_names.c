/* The values of options that are names. */
#include "parse.h"

#include <stdio.h>
#include <string.h>

#include "minmax.h"
#include "suggest.h"

/* Long enough for every list of names in this file. */
enum { LIST_SIZE = 128, NAME_SIZE = 32 };

static const char *const ALGORITHMS[] = {"auto", "direct", "winograd2", "winograd4"};
enum { ALGORITHM_COUNT = sizeof ALGORITHMS / sizeof ALGORITHMS[0] };

static const char *const ACCURACIES[] = {"default", "high"};
enum { ACCURACY_COUNT = sizeof ACCURACIES / sizeof ACCURACIES[0] };

static const char *const INSTRUCTIONS[] = {"default", "wgmma"};
enum { INSTRUCTIONS_COUNT = sizeof INSTRUCTIONS / sizeof INSTRUCTIONS[0] };

static const type_choice TYPES[] = {
    {.type = DENSEBLOCK_F32},
    {.type = DENSEBLOCK_F64},
    {.type = DENSEBLOCK_F16},
    {.type = DENSEBLOCK_BF16},
    {.type = DENSEBLOCK_F32, .arithmetic = DENSEBLOCK_ARITHMETIC_TF32},
    {.type = DENSEBLOCK_F32, .arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3},
};
enum { TYPE_COUNT = sizeof TYPES / sizeof TYPES[0] };

static const char ALL[] = "all";

static void join(const char *const *names, size_t count, char list[LIST_SIZE]) {
    size_t length = 0;

    list[0] = '\0';
    for (size_t i = 0; i < count && length < LIST_SIZE; i++)
        length += (size_t)snprintf(list + length, LIST_SIZE - length, "%s%s", i > 0 ? ", " : "",
                                   names[i]);
}

outcome parse_choice(const char *option, const char *text, const char *const *names, size_t count,
                     size_t *index) {
    const char *nearest;
    char list[LIST_SIZE];

    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *index = i;
            return OUTCOME_SUCCESS;
        }
    }
    join(names, count, list);
    nearest = suggest(text, names, count);
    if (nearest != NULL)
        return fail_input("--%s has no '%s'; did you mean '%s'? There are %s", option, text,
                          nearest, list);
    return fail_input("--%s has no '%s': there are %s", option, text, list);
}

outcome parse_type(const char *option, const char *text, void *target) {
    type_choice *value = target;
    const char *names[TYPE_COUNT];
    size_t index;
    outcome result;

    for (int i = 0; i < TYPE_COUNT; i++)
        names[i] = type_choice_name(TYPES[i].type, TYPES[i].arithmetic);
    result = parse_choice(option, text, names, TYPE_COUNT, &index);
    if (result == OUTCOME_SUCCESS)
        *value = (type_choice){
            .given = true, .type = TYPES[index].type, .arithmetic = TYPES[index].arithmetic};
    return result;
}

const char *type_choice_name(denseblock_type type, denseblock_arithmetic arithmetic) {
    switch (arithmetic) {
    case DENSEBLOCK_ARITHMETIC_TF32:
        return "tf32";
    case DENSEBLOCK_ARITHMETIC_TF32X3:
        return "tf32x3";
    case DENSEBLOCK_ARITHMETIC_FULL:
        break;
    }
    return denseblock_type_name(type);
}

outcome parse_algorithm(const char *option, const char *text, void *target) {
    denseblock_algorithm *value = target;
    size_t index;
    const outcome result = parse_choice(option, text, ALGORITHMS, ALGORITHM_COUNT, &index);

    if (result == OUTCOME_SUCCESS)
        *value = (denseblock_algorithm)index;
    return result;
}

const char *algorithm_name(denseblock_algorithm algorithm) {
    return ALGORITHMS[algorithm];
}

outcome parse_accuracy(const char *option, const char *text, void *target) {
    denseblock_accuracy *value = target;
    size_t index = 0;
    const outcome result = parse_choice(option, text, ACCURACIES, ACCURACY_COUNT, &index);

    if (result == OUTCOME_SUCCESS)
        *value = (denseblock_accuracy)index;
    return result;
}

const char *accuracy_name(denseblock_accuracy accuracy) {
    return ACCURACIES[accuracy];
}

outcome parse_instructions(const char *option, const char *text, void *target) {
    denseblock_instructions *value = target;
    size_t index = 0;
    const outcome result = parse_choice(option, text, INSTRUCTIONS, INSTRUCTIONS_COUNT, &index);

    if (result == OUTCOME_SUCCESS)
        *value = (denseblock_instructions)index;
    return result;
}

const char *instructions_name(denseblock_instructions instructions) {
    return INSTRUCTIONS[instructions];
}

/* `all` is a name too where the option takes a list. */
static outcome parse_backend_name(const char *option, const char *text, bool list,
                                  denseblock_backend *backend) {
    const char *names[DENSEBLOCK_BACKEND_COUNT + 1];
    size_t index;
    outcome result;

    for (int i = 0; i < DENSEBLOCK_BACKEND_COUNT; i++)
        names[i] = denseblock_backend_name((denseblock_backend)i);
    names[DENSEBLOCK_BACKEND_COUNT] = ALL;
    result = parse_choice(option, text, names, DENSEBLOCK_BACKEND_COUNT + list, &index);
    if (result != OUTCOME_SUCCESS)
        return result;
    if (index == DENSEBLOCK_BACKEND_COUNT)
        return fail_input("--%s: '%s' stands alone, without other names", option, ALL);
    *backend = (denseblock_backend)index;
    return OUTCOME_SUCCESS;
}

outcome parse_backend(const char *option, const char *text, void *target) {
    return parse_backend_name(option, text, false, target);
}

static void list_runnable(denseblock_backend first, backend_list *list) {
    list->all = true;
    for (int i = (int)first; i < DENSEBLOCK_BACKEND_COUNT; i++) {
        if (denseblock_backend_check((denseblock_backend)i) == DENSEBLOCK_OK)
            list->backends[list->count++] = (denseblock_backend)i;
    }
}

static outcome add_backend(const char *option, const char *name, backend_list *list) {
    denseblock_backend backend;
    const outcome result = parse_backend_name(option, name, true, &backend);

    if (result != OUTCOME_SUCCESS)
        return result;
    if (backend == DENSEBLOCK_BACKEND_AUTO)
        backend = denseblock_backend_auto();
    for (size_t i = 0; i < list->count; i++) {
        if (list->backends[i] == backend)
            return fail_input("--%s names %s twice, the second time as '%s': once is enough",
                              option, denseblock_backend_name(backend), name);
    }
    list->backends[list->count++] = backend;
    return OUTCOME_SUCCESS;
}

outcome parse_backends(const char *option, const char *text, void *target) {
    backend_list list = {0};
    const char *begin = text;

    if (strcmp(text, ALL) == 0)
        list_runnable(DENSEBLOCK_BACKEND_REFERENCE, &list);
    while (!list.all) {
        const size_t length = strcspn(begin, ",");
        char name[NAME_SIZE];
        outcome result;

        /* A name cut off here is still no backend's name. */
        (void)snprintf(name, sizeof name, "%.*s", (int)smaller(length, NAME_SIZE), begin);
        result = add_backend(option, name, &list);
        if (result != OUTCOME_SUCCESS)
            return result;
        if (begin[length] == '\0')
            break;
        begin += length + 1;
    }
    *(backend_list *)target = list;
    return OUTCOME_SUCCESS;
}

void backend_list_complete(backend_list *list) {
    if (list->count == 0)
        list->backends[list->count++] = denseblock_backend_auto();
}

void backend_list_complete_fast(backend_list *list) {
    if (list->count == 0)
        list_runnable(DENSEBLOCK_BACKEND_CPU, list);
}
