#include "kernel_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel_folder.h"

static outcome reserve(size_t count, kernel_files *files) {
    files->paths = calloc(count > 0 ? count : 1, sizeof *files->paths);
    return files->paths != NULL ? OUTCOME_SUCCESS : fail_out_of_memory();
}

static outcome find_in_folder(const char *folder, kernel_files *files) {
    char name[KERNEL_NAME_SIZE];
    int64_t *numbers = NULL;
    size_t count;
    outcome result;

    result = kernel_folder_list(folder, &count, &numbers);
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

    result = kernel_folder_list(folder, &count, &numbers);
    if (result == OUTCOME_SUCCESS && count > 0 && numbers[count - 1] >= layer_count)
        result = fail_input("%s/%s is left from an earlier case, and this one has only %lld "
                            "layers: remove it, or choose another folder",
                            folder, kernel_file_name(numbers[count - 1], name),
                            (long long)layer_count);
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
