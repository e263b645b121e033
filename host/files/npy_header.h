/* The header of a .npy file: a Python dictionary in text, from an untrusted file. */
#ifndef DENSEBLOCK_HOST_NPY_HEADER_H
#define DENSEBLOCK_HOST_NPY_HEADER_H

#include "denseblock.h"

/* Before the text: these bytes, the version, and the length of the text. */
enum { DBLK_NPY_MAGIC_LENGTH = 6, DBLK_NPY_PREFIX_MOST = 12, DBLK_NPY_TEXT_MOST = 65535 };
extern const char dblk_npy_magic[DBLK_NPY_MAGIC_LENGTH];

/* The bytes of an array's elements. False if the product of its sizes, zeros left out, is too
 * large to address: a zero does not excuse the other sizes, which somebody may multiply without
 * it. No size is negative. */
bool dblk_array_bytes(const denseblock_array *array, size_t *bytes);

/* Parses {'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), } into type, rank and shape.
 * `text` need not end with a zero. `path` begins the messages. DENSEBLOCK_BAD_FILE. */
denseblock_status dblk_npy_header_parse(const char *path, const char *text, size_t length,
                                        denseblock_array *array);

/* Writes the complete header of version 1.0, prefix included, padded as NumPy does, to `out`.
 * Returns its length. The array's type is f16, f32 or f64. */
enum { DBLK_NPY_HEADER_MOST = 512 };
size_t dblk_npy_header_write(const denseblock_array *array, char out[DBLK_NPY_HEADER_MOST]);

#endif
