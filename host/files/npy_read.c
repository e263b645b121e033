#include "files/npy_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/npy_header.h"
#include "status/fail.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "elements are read and written as they lie in memory, little-endian");

size_t denseblock_array_count(const denseblock_array *array) {
    size_t count = 1;
    for (int d = 0; d < array->rank; d++)
        count *= (size_t)array->shape[d];
    return count;
}

void denseblock_array_free(denseblock_array *array) {
    if (array == NULL)
        return;
    free(array->data);
    *array = (denseblock_array){0};
}

/* Opens without waiting for the writer of a pipe, which is refused next. */
static denseblock_status open_file(const char *path, FILE **file, size_t *size) {
    denseblock_status status = DENSEBLOCK_OK;
    struct stat about;
    *file = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &about) != 0)
        status =
            dblk_fail(DENSEBLOCK_BAD_FILE, "%s: cannot be opened: %s", path, strerror(errno));
    else if (S_ISDIR(about.st_mode))
        status = dblk_fail(DENSEBLOCK_BAD_FILE, "%s: is a folder, a .npy file is needed", path);
    else if (!S_ISREG(about.st_mode))
        status = dblk_fail(DENSEBLOCK_BAD_FILE,
                           "%s: is no ordinary file: save what it gives to one", path);
    else if ((*file = fdopen(fd, "rb")) == NULL)
        status = dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "%s: no memory to open it", path);
    if (status != DENSEBLOCK_OK) {
        if (fd >= 0)
            close(fd);
        return status;
    }
    *size = (size_t)about.st_size;
    return DENSEBLOCK_OK;
}

/* Reads exactly `count` bytes, which the file's size promised. */
static denseblock_status read_bytes(FILE *file, const char *path, void *out, size_t count) {
    if (fread(out, 1, count, file) == count)
        return DENSEBLOCK_OK;
    if (ferror(file))
        return dblk_fail(DENSEBLOCK_IO_FAILED, "%s: reading failed: %s", path, strerror(errno));
    return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: became shorter while it was read", path);
}

/* Magic string, version and length of the header's text; `prefix` counts the bytes before it. */
static denseblock_status read_prefix(FILE *file, size_t size, const char *path, size_t *prefix,
                                     size_t *text) {
    unsigned char bytes[DBLK_NPY_PREFIX_MOST];
    enum { SHORT_PREFIX = 10 };
    if (size < SHORT_PREFIX)
        return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: is %zu bytes long, too short for a .npy file",
                         path, size);
    denseblock_status status = read_bytes(file, path, bytes, SHORT_PREFIX);
    if (status != DENSEBLOCK_OK)
        return status;
    if (memcmp(bytes, dblk_npy_magic, DBLK_NPY_MAGIC_LENGTH) != 0)
        return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: is no .npy file: it does not begin as one",
                         path);
    const int major = bytes[6], minor = bytes[7];
    if (major < 1 || major > 3 || minor != 0)
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: .npy version %d.%d, but only 1.0, 2.0 and 3.0 are known", path,
                         major, minor);
    *prefix = SHORT_PREFIX;
    *text = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (major > 1) { /* the length has four bytes */
        if (size < DBLK_NPY_PREFIX_MOST)
            return dblk_fail(DENSEBLOCK_BAD_FILE,
                             "%s: is %zu bytes long, too short for a .npy file", path, size);
        status = read_bytes(file, path, bytes + SHORT_PREFIX, 2);
        *prefix = DBLK_NPY_PREFIX_MOST;
        *text |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (status == DENSEBLOCK_OK && *text > size - *prefix)
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: truncated: the .npy header should be %zu bytes long, the file has "
                         "%zu more",
                         path, *text, size - *prefix);
    if (status == DENSEBLOCK_OK && *text > DBLK_NPY_TEXT_MOST)
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: the .npy header is %zu bytes long, at most %d are accepted", path,
                         *text, DBLK_NPY_TEXT_MOST);
    return status;
}

/* The bytes that the shape needs must be those that the file has. */
static denseblock_status check_length(const denseblock_array *array, size_t held,
                                      const char *path) {
    size_t needed;
    if (!dblk_array_bytes(array, &needed))
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: the shape in its header overflows: its product is too large", path);
    if (held != needed)
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: %s: the shape in its header needs %zu bytes of data, the file has "
                         "%zu",
                         path, held < needed ? "truncated" : "too long", needed, held);
    return DENSEBLOCK_OK;
}

denseblock_status dblk_npy_read(FILE *file, size_t size, const char *path,
                                denseblock_array *array) {
    *array = (denseblock_array){0};
    char *text = NULL;
    size_t prefix = 0, text_length = 0;
    denseblock_status status = read_prefix(file, size, path, &prefix, &text_length);
    if (status != DENSEBLOCK_OK)
        goto exit;
    text = malloc(text_length > 0 ? text_length : 1);
    if (text == NULL) {
        status = dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "%s: no memory for its header", path);
        goto exit;
    }
    status = read_bytes(file, path, text, text_length);
    if (status == DENSEBLOCK_OK)
        status = dblk_npy_header_parse(path, text, text_length, array);
    const size_t held = size - prefix - text_length;
    if (status == DENSEBLOCK_OK)
        status = check_length(array, held, path);
    if (status != DENSEBLOCK_OK || held == 0)
        goto exit;
    array->data = malloc(held);
    if (array->data == NULL)
        status =
            dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "%s: no memory for its %zu bytes", path, held);
    else
        status = read_bytes(file, path, array->data, held);

exit:
    free(text);
    if (status != DENSEBLOCK_OK)
        denseblock_array_free(array);
    return status;
}

denseblock_status denseblock_npy_read(const char *path, denseblock_array *array) {
    if (array != NULL)
        *array = (denseblock_array){0};
    if (path == NULL || array == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "denseblock_npy_read: %s is NULL",
                         path == NULL ? "path" : "array");
    FILE *file;
    size_t size;
    denseblock_status status = open_file(path, &file, &size);
    if (status != DENSEBLOCK_OK)
        return status;
    status = dblk_npy_read(file, size, path, array);
    (void)fclose(file); /* only read from */
    return status;
}
