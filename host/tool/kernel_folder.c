#include "kernel_folder.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PREFIX[] = "kernel_";
static const char SUFFIX[] = ".npy";

const char *kernel_file_name(int64_t layer, char name[KERNEL_NAME_SIZE]) {
    (void)snprintf(name, KERNEL_NAME_SIZE, "%s%03" PRId64 "%s", PREFIX, layer, SUFFIX);
    return name;
}

static bool looks_like_kernel(const char *name) {
    const size_t length = strlen(name);
    const size_t affixes = strlen(PREFIX) + strlen(SUFFIX);

    return length >= affixes && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
           strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static outcome read_number(const char *folder, const char *name, int64_t *number) {
    const char *digits = name + strlen(PREFIX);
    char right_name[KERNEL_NAME_SIZE];
    char *end;

    *number = strtoll(digits, &end, 10);
    if (digits[0] < '0' || digits[0] > '9' || strcmp(end, SUFFIX) != 0)
        return fail_input("%s/%s has no number: kernels are named kernel_000.npy, "
                          "kernel_001.npy, ...",
                          folder, name);
    if (strcmp(kernel_file_name(*number, right_name), name) != 0)
        return fail_input("%s/%s: the name must be %s", folder, name, right_name);
    return OUTCOME_SUCCESS;
}

static outcome append(int64_t number, size_t *count, size_t *capacity, int64_t **numbers) {
    if (*count == *capacity) {
        const size_t larger = *capacity > 0 ? 2 * *capacity : 32;
        int64_t *moved = realloc(*numbers, larger * sizeof **numbers);

        if (moved == NULL)
            return fail_out_of_memory();
        *numbers = moved;
        *capacity = larger;
    }
    (*numbers)[(*count)++] = number;
    return OUTCOME_SUCCESS;
}

static int ascending(const void *a, const void *b) {
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

outcome kernel_folder_list(const char *folder, size_t *count, int64_t **numbers) {
    size_t capacity = 0;
    outcome result = OUTCOME_SUCCESS;
    DIR *directory;

    *count = 0;
    *numbers = NULL;
    directory = opendir(folder);
    if (directory == NULL)
        return fail_input("%s cannot be opened as a folder: %s", folder, strerror(errno));
    while (result == OUTCOME_SUCCESS) {
        const struct dirent *entry;
        int64_t number;

        errno = 0;
        entry = readdir(directory);
        if (entry == NULL) {
            if (errno != 0)
                result = fail_machine("%s cannot be read: %s", folder, strerror(errno));
            break;
        }
        if (!looks_like_kernel(entry->d_name))
            continue;
        result = read_number(folder, entry->d_name, &number);
        if (result == OUTCOME_SUCCESS)
            result = append(number, count, &capacity, numbers);
    }
    (void)closedir(directory); /* nothing was written */

    if (result != OUTCOME_SUCCESS) {
        free(*numbers);
        *count = 0;
        *numbers = NULL;
    } else if (*count > 1) {
        qsort(*numbers, *count, sizeof **numbers, ascending);
    }
    return result;
}
