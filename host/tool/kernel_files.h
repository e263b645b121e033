/* Where the kernels of a block are: kernel_000.npy, kernel_001.npy, ... in a folder, or files
 * named one by one. */
#ifndef TOOL_KERNEL_FILES_H
#define TOOL_KERNEL_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

typedef struct kernel_files {
    size_t count;
    char **paths; /* in the order of the layers */
} kernel_files;

/* What a report says of a folder that has none: a block without layers is valid, and rarely
 * meant. */
extern const char NO_KERNELS_NOTE[];

/* Finds the files.
 *
 *   argument   a folder, or paths with commas between them
 *   files      receives the paths, for kernel_files_free */
outcome kernel_files_find(const char *argument, kernel_files *files);

/* A zeroed struct is allowed. */
void kernel_files_free(kernel_files *files);

/* Fails when the folder has kernel files for layers from `layer_count` on: they would be taken
 * for a part of a case that is written there. */
outcome kernel_files_refuse_stale(const char *folder, int64_t layer_count);

/* FOLDER/kernel_NNN.npy, for free(); NULL where memory is out. */
char *kernel_file_path(const char *folder, int64_t layer);

#endif
