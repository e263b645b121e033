/* The numbered kernel files of a folder. */
#ifndef TOOL_KERNEL_FOLDER_H
#define TOOL_KERNEL_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"

enum { KERNEL_NAME_SIZE = 40 };

/* kernel_000.npy is layer 0's: at least three digits. */
const char *kernel_file_name(int64_t layer, char name[KERNEL_NAME_SIZE]);

/* Lists the layers that have a file, in ascending order, each once. A name that is nearly right
 * (kernel_1.npy) is refused, since it would be passed over silently.
 *
 *   numbers   receives them, for free(); NULL where there are none */
outcome kernel_folder_list(const char *folder, size_t *count, int64_t **numbers);

#endif
