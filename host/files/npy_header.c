#include "files/npy_header.h"

#include <inttypes.h>
#include <string.h>

#include "memory/size.h"
#include "status/fail.h"

const char dblk_npy_magic[DBLK_NPY_MAGIC_LENGTH] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

/* The types that .npy files hold and we read. */
static const struct {
    const char *descr;
    denseblock_type type;
} readable[] = {
    {"<f2", DENSEBLOCK_F16},
    {"<f4", DENSEBLOCK_F32},
    {"<f8", DENSEBLOCK_F64},
};

enum { READABLE_COUNT = sizeof readable / sizeof readable[0] };

bool dblk_array_bytes(const denseblock_array *array, size_t *bytes) {
    size_t product = denseblock_type_size(array->type);
    bool empty = false;
    for (int d = 0; d < array->rank; d++) {
        empty = empty || array->shape[d] == 0;
        if (array->shape[d] != 0 && !dblk_size_multiply(&product, array->shape[d]))
            return false;
    }
    *bytes = empty ? 0 : product;
    return true;
}

/* Where the parser stands. Nothing at or past `end` is read. */
struct cursor {
    const char *path;
    const char *start, *at, *end;
};

static denseblock_status malformed(const struct cursor *cursor, const char *expected) {
    return dblk_fail(DENSEBLOCK_BAD_FILE,
                     "%s: the .npy header is malformed at its character %zu: %s expected",
                     cursor->path, (size_t)(cursor->at - cursor->start), expected);
}

static void skip_space(struct cursor *cursor) {
    while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) != NULL && *cursor->at != 0)
        cursor->at++;
}

/* Steps over `wanted`, and the space before it, if that is what comes next. */
static bool accept(struct cursor *cursor, const char *wanted) {
    skip_space(cursor);
    const size_t length = strlen(wanted);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, wanted, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

/* A quoted string without escapes, as the keys and types of .npy are. */
static denseblock_status parse_string(struct cursor *cursor, char *out, size_t capacity) {
    skip_space(cursor);
    if (cursor->at == cursor->end || (*cursor->at != '\'' && *cursor->at != '"'))
        return malformed(cursor, "a quoted string");
    const char quote = *cursor->at++;
    const char *close = memchr(cursor->at, quote, (size_t)(cursor->end - cursor->at));
    if (close == NULL || (size_t)(close - cursor->at) >= capacity)
        return malformed(cursor, "a short string with its closing quote");
    const size_t length = (size_t)(close - cursor->at);
    for (size_t i = 0; i < length; i++)
        if (cursor->at[i] < ' ' || cursor->at[i] > '~') /* it may end up on a terminal */
            return malformed(cursor, "a string of printable ASCII characters");
    memcpy(out, cursor->at, length);
    out[length] = 0;
    cursor->at = close + 1;
    return DENSEBLOCK_OK;
}

static denseblock_status parse_size(struct cursor *cursor, int64_t *size) {
    skip_space(cursor);
    if (accept(cursor, "-"))
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: the .npy header has a negative size in its shape", cursor->path);
    const char *first = cursor->at;
    *size = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++)
        if (__builtin_mul_overflow(*size, 10, size) ||
            __builtin_add_overflow(*size, *cursor->at - '0', size))
            return dblk_fail(DENSEBLOCK_BAD_FILE,
                             "%s: the .npy header has a size in its shape that is too large",
                             cursor->path);
    return cursor->at > first ? DENSEBLOCK_OK : malformed(cursor, "a size");
}

static denseblock_status parse_descr(struct cursor *cursor, denseblock_array *array) {
    char descr[16];
    if (accept(cursor, "["))
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: a structured .npy array: save one plain field of it", cursor->path);
    const denseblock_status status = parse_string(cursor, descr, sizeof descr);
    if (status != DENSEBLOCK_OK)
        return status;
    for (int i = 0; i < READABLE_COUNT; i++)
        if (strcmp(descr, readable[i].descr) == 0) {
            array->type = readable[i].type;
            return DENSEBLOCK_OK;
        }
    if (descr[0] == '>')
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: element type '%s' is big-endian: save it little-endian, with "
                         "x.astype('<f4')",
                         cursor->path, descr);
    if (descr[0] != 0 && strchr("iub", descr[1]) != NULL && descr[1] != 0)
        return dblk_fail(
            DENSEBLOCK_BAD_FILE,
            "%s: element type '%s' is an integer type: convert it to floating point, "
            "with x.astype('<f4')",
            cursor->path, descr);
    return dblk_fail(DENSEBLOCK_BAD_FILE,
                     "%s: element type '%s' is not one of '<f2', '<f4', '<f8': convert it, with "
                     "x.astype('<f4')",
                     cursor->path, descr);
}

static denseblock_status parse_order(struct cursor *cursor) {
    if (accept(cursor, "False"))
        return DENSEBLOCK_OK;
    if (accept(cursor, "True"))
        return dblk_fail(DENSEBLOCK_BAD_FILE,
                         "%s: the array is in Fortran order: save it in C order, with "
                         "np.ascontiguousarray(x)",
                         cursor->path);
    return malformed(cursor, "False or True");
}

static denseblock_status parse_shape(struct cursor *cursor, denseblock_array *array) {
    if (!accept(cursor, "("))
        return malformed(cursor, "a shape in parentheses");
    array->rank = 0;
    while (!accept(cursor, ")")) {
        if (array->rank == DENSEBLOCK_MAX_RANK)
            return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: the array has more than %d dimensions",
                             cursor->path, DENSEBLOCK_MAX_RANK);
        const denseblock_status status = parse_size(cursor, &array->shape[array->rank]);
        if (status != DENSEBLOCK_OK)
            return status;
        array->rank++;
        if (!accept(cursor, ",")) {
            if (!accept(cursor, ")"))
                return malformed(cursor, "',' or ')'");
            break;
        }
    }
    return DENSEBLOCK_OK;
}

denseblock_status dblk_npy_header_parse(const char *path, const char *text, size_t length,
                                        denseblock_array *array) {
    struct cursor cursor = {.path = path, .start = text, .at = text, .end = text + length};
    bool has_descr = false, has_order = false, has_shape = false;
    if (!accept(&cursor, "{"))
        return malformed(&cursor, "'{'");
    while (!accept(&cursor, "}")) {
        char key[16];
        denseblock_status status = parse_string(&cursor, key, sizeof key);
        if (status == DENSEBLOCK_OK && !accept(&cursor, ":"))
            status = malformed(&cursor, "':'");
        if (status != DENSEBLOCK_OK)
            return status;
        bool *seen = strcmp(key, "descr") == 0           ? &has_descr
                     : strcmp(key, "fortran_order") == 0 ? &has_order
                     : strcmp(key, "shape") == 0         ? &has_shape
                                                         : NULL;
        if (seen == NULL || *seen)
            return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: the .npy header has %s key '%s'", path,
                             seen == NULL ? "an unknown" : "twice the", key);
        *seen = true;
        status = seen == &has_descr   ? parse_descr(&cursor, array)
                 : seen == &has_order ? parse_order(&cursor)
                                      : parse_shape(&cursor, array);
        if (status != DENSEBLOCK_OK)
            return status;
        if (!accept(&cursor, ",")) {
            if (!accept(&cursor, "}"))
                return malformed(&cursor, "',' or '}'");
            break;
        }
    }
    if (!has_descr || !has_order || !has_shape)
        return dblk_fail(DENSEBLOCK_BAD_FILE, "%s: the .npy header has no '%s'", path,
                         !has_descr   ? "descr"
                         : !has_order ? "fortran_order"
                                      : "shape");
    skip_space(&cursor);
    return cursor.at == cursor.end ? DENSEBLOCK_OK : malformed(&cursor, "the end");
}

size_t dblk_npy_header_write(const denseblock_array *array, char out[DBLK_NPY_HEADER_MOST]) {
    enum { PREFIX = 10, ALIGNMENT = 64 };
    const char *descr = "";
    for (int i = 0; i < READABLE_COUNT; i++)
        if (readable[i].type == array->type)
            descr = readable[i].descr;
    size_t length = PREFIX;
    length += (size_t)snprintf(out + length, DBLK_NPY_HEADER_MOST - length,
                               "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int d = 0; d < array->rank; d++) /* one size is written as (5,), as Python does */
        length += (size_t)snprintf(out + length, DBLK_NPY_HEADER_MOST - length, "%" PRId64 "%s",
                                   array->shape[d],
                                   d + 1 < array->rank ? ", "
                                   : array->rank == 1  ? ","
                                                       : "");
    length += (size_t)snprintf(out + length, DBLK_NPY_HEADER_MOST - length, "), }");
    while ((length + 1) % ALIGNMENT != 0)
        out[length++] = ' ';
    out[length++] = '\n';
    const size_t text = length - PREFIX;
    memcpy(out, dblk_npy_magic, DBLK_NPY_MAGIC_LENGTH);
    out[6] = 1; /* version 1.0 */
    out[7] = 0;
    out[8] = (char)(text & 0xFF);
    out[9] = (char)(text >> 8);
    return length;
}
