/* Reading .npy from an open file; apart from its name, so that a fuzzer can feed it memory. */
#ifndef DENSEBLOCK_HOST_NPY_READ_H
#define DENSEBLOCK_HOST_NPY_READ_H

#include "denseblock.h"

/* Reads the array that fills the whole of `file`, which is `size` bytes long and stands at its
 * start. As denseblock_npy_read; `path` begins the messages. */
denseblock_status dblk_npy_read(FILE *file, size_t size, const char *path,
                                denseblock_array *array);

#endif
