#include "kernel_files.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"

const char NO_KERNELS_NOTE[] = "no kernel_NNN.npy in the folder of --kernels, so y is x";

enum { KERNEL_NAME_SIZE = 40 };
static const char PREFIX[] = "kernel_";
static const char SUFFIX[] = ".npy";

/* kernel_000.npy is layer 0's: at least three digits. */
static const char *kernel_file_name(int64_t layer, char name[KERNEL_NAME_SIZE]) {
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

/* Lists the layers that have a file, in ascending order, each once. A name that is nearly right
 * (kernel_1.npy) is refused, since it would be passed over silently.
 *
 *   numbers   receives them, for free(); NULL where there are none */
static outcome list_folder(const char *folder, size_t *count, int64_t **numbers) {
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

static outcome reserve(size_t count, kernel_files *files) {
    files->paths = calloc(count > 0 ? count : 1, sizeof *files->paths);
    return files->paths != NULL ? OUTCOME_SUCCESS : fail_out_of_memory();
}

static outcome find_in_folder(const char *folder, kernel_files *files) {
    char name[KERNEL_NAME_SIZE];
    int64_t *numbers = NULL;
    size_t count;
    outcome result;

    result = list_folder(folder, &count, &numbers);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    result = reserve(count, files);
    if (result != OUTCOME_SUCCESS)
        goto exit;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] != (int64_t)i) {
            result = fail_input("%s/%s is missing, and there are kernels of later layers", folder,
                                kernel_file_name((int64_t)i, name));
            goto exit;
        }
        files->paths[i] = kernel_file_path(folder, numbers[i]);
        if (files->paths[i] == NULL) {
            result = fail_out_of_memory();
            goto exit;
        }
        files->count++;
    }

exit:
    free(numbers);
    return result;
}

static size_t count_commas(const char *text) {
    size_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == ',';
    return count;
}

static outcome split_list(const char *list, kernel_files *files) {
    const size_t count = count_commas(list) + 1;
    const char *begin = list;
    outcome result;

    result = reserve(count, files);
    if (result != OUTCOME_SUCCESS)
        return result;
    while (files->count < count) {
        const size_t length = strcspn(begin, ",");
        char *path;

        if (length == 0)
            return fail_input("--kernels is '%s': name %zu of the list is empty", list,
                              files->count + 1);
        path = strndup(begin, length);
        if (path == NULL)
            return fail_out_of_memory();
        files->paths[files->count++] = path;
        begin += length + 1;
    }
    return OUTCOME_SUCCESS;
}

outcome kernel_files_find(const char *argument, kernel_files *files) {
    struct stat status;
    outcome result;

    *files = (kernel_files){0};
    if (stat(argument, &status) == 0 && S_ISDIR(status.st_mode))
        result = find_in_folder(argument, files);
    else
        result = split_list(argument, files);
    if (result != OUTCOME_SUCCESS)
        kernel_files_free(files);
    return result;
}

void kernel_files_free(kernel_files *files) {
    for (size_t i = 0; i < files->count; i++)
        free(files->paths[i]);
    free(files->paths);
    *files = (kernel_files){0};
}

outcome kernel_files_refuse_stale(const char *folder, int64_t layer_count) {
    char name[KERNEL_NAME_SIZE];
    int64_t *numbers;
    size_t count;
    outcome result;

    result = list_folder(folder, &count, &numbers);
    if (result == OUTCOME_SUCCESS && count > 0 && numbers[count - 1] >= layer_count)
        result = fail_input("%s/%s is left from an earlier case, and this one has only %" PRId64
                            " layer%s: remove it, or choose another folder",
                            folder, kernel_file_name(numbers[count - 1], name), layer_count,
                            plural(layer_count));
    free(numbers);
    return result;
}

char *kernel_file_path(const char *folder, int64_t layer) {
    char name[KERNEL_NAME_SIZE];
    char *path;

    if (asprintf(&path, "%s/%s", folder, kernel_file_name(layer, name)) == -1)
        return NULL;
    return path;
}
