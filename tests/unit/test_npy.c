#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/npy_header.h"
#include "files/npy_read.h"
#include "suite.h"

/* A .npy file in memory: version, header text, and `data_bytes` zeros. */
static denseblock_status read_made(int major, const char *text, size_t data_bytes,
                                   denseblock_array *array) {
    unsigned char bytes[4096] = "\x93NUMPY";
    const size_t length = strlen(text), prefix = major == 1 ? 10 : 12;
    ck_assert_uint_le(prefix + length + data_bytes, sizeof bytes);
    bytes[6] = (unsigned char)major;
    bytes[7] = 0;
    bytes[8] = (unsigned char)(length & 0xFF);
    bytes[9] = (unsigned char)(length >> 8);
    memcpy(bytes + prefix, text, length);
    const size_t size = prefix + length + data_bytes;
    FILE *file = fmemopen(bytes, size, "rb");
    ck_assert_ptr_nonnull(file);
    const denseblock_status status = dblk_npy_read(file, size, "made.npy", array);
    fclose(file);
    return status;
}

static void accepted(int major, const char *text, size_t data_bytes) {
    denseblock_array array;
    ck_ok(read_made(major, text, data_bytes, &array));
    denseblock_array_free(&array);
}

static void refused(const char *text, size_t data_bytes, const char *words) {
    denseblock_array array;
    const denseblock_status status = read_made(1, text, data_bytes, &array);
    ck_fails(status, DENSEBLOCK_BAD_FILE, words);
    ck_fails(status, DENSEBLOCK_BAD_FILE, "made.npy");
    ck_assert_ptr_null(array.data);
    ck_assert_int_eq(array.rank, 0);
}

START_TEST(headers_in_any_spelling_of_python_are_read) {
    accepted(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24);
    accepted(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 24);
    accepted(3, "{\"shape\":(1,),\"fortran_order\":False,\"descr\":\"<f8\"}", 8);
    accepted(1, " { 'shape' : ( ) , 'descr' : '<f2' , 'fortran_order' : False } ", 2);
    accepted(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }", 0);
}
END_TEST

START_TEST(malformed_headers_are_refused) {
    const char *const texts[] = {
        "",
        "{",
        "{}",
        "{'descr':",
        "{'fortran_order':",
        "{'shape': (",
        "{'shape': (1",
        "nonsense",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': (1,)}",
        "{'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
        "{'descr': '<f4",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }",
        "{'descr' '<f4', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '\x1b[2J', 'fortran_order': False, 'shape': (1,), }",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refused(texts[i], 4, "the .npy header");
    refused("{'descr': '<f4', 'descr': '<f4', }", 4, "twice the key 'descr'");
    refused("{'order': False, }", 4, "unknown key 'order'");
}
END_TEST

START_TEST(arrays_of_other_kinds_are_refused_with_advice) {
    refused("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", 4,
            "'<i4' is an integer");
    refused("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", 4,
            "'|u1' is an integer");
    refused("{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }", 4, "convert it");
    refused("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", 4, "big-endian");
    refused("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8,
            "'<c8' is not one of");
    refused("{'descr': '', 'fortran_order': False, 'shape': (1,), }", 4, "'' is not one of");
    refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4,
            "structured");
    refused("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", 4, "Fortran order");
}
END_TEST

START_TEST(shapes_that_the_data_does_not_fit_are_refused) {
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, "truncated");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, "too long");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }", 4, "too long");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", 8, "negative size");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 8,
            "too large");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 8,
            "overflows");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4294967296, 4294967296), }", 0,
            "overflows");
    refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4,
            "more than 8 dimensions");
    refused("{'descr': '<f8', 'fortran_order': False, 'shape': (1250000000,), }", 100,
            "truncated"); /* 10 GB */
}
END_TEST

START_TEST(unknown_versions_and_giant_headers_are_refused) {
    enum { GIANT = 70000 };
    unsigned char *bytes = calloc(1, GIANT + 12);
    ck_assert_ptr_nonnull(bytes);
    denseblock_array array;
    for (int which = 0; which < 2; which++) {
        memcpy(bytes, dblk_npy_magic, DBLK_NPY_MAGIC_LENGTH);
        bytes[6] = which == 0 ? 1 : 2;
        bytes[7] = which == 0 ? 1 : 0;
        bytes[8] = GIANT & 0xFF;
        bytes[9] = GIANT >> 8 & 0xFF;
        bytes[10] = GIANT >> 16;
        FILE *file = fmemopen(bytes, GIANT + 12, "rb");
        ck_assert_ptr_nonnull(file);
        ck_fails(dblk_npy_read(file, GIANT + 12, "made.npy", &array), DENSEBLOCK_BAD_FILE,
                 which == 0 ? "version 1.1" : "at most 65535");
        fclose(file);
    }
    free(bytes);
}
END_TEST

/* Every prefix of a good file is a truncated file. */
START_TEST(a_file_cut_anywhere_is_refused) {
    char path[] = "/tmp/denseblock-test-XXXXXX", bytes[512];
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    float data[6] = {1, 2, 3, 4, 5, 6};
    ck_ok(denseblock_npy_write(path,
                               &(denseblock_array){.rank = 2, .shape = {2, 3}, .data = data}));
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t whole = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    unlink(path);
    ck_assert_uint_eq(whole, 128 + sizeof data);
    for (size_t size = 1; size < whole; size++) {
        denseblock_array array;
        FILE *cut = fmemopen(bytes, size, "rb");
        ck_assert_ptr_nonnull(cut);
        ck_assert_int_eq((int)dblk_npy_read(cut, size, path, &array), DENSEBLOCK_BAD_FILE);
        fclose(cut);
        if (size >= 10 && size < 128)
            ck_assert_ptr_nonnull(strstr(denseblock_last_error(), "the .npy header should be"));
    }
}
END_TEST

/* NOLINTNEXTLINE(readability-non-const-parameter): the C library gives its type */
static ssize_t broken_read(void *cookie, char *buffer, size_t size) {
    (void)cookie;
    (void)buffer;
    (void)size;
    errno = EIO;
    return -1;
}

START_TEST(a_file_that_fails_or_shrinks_while_it_is_read_is_an_error) {
    denseblock_array array;
    FILE *file = fopencookie(NULL, "rb", (cookie_io_functions_t){.read = broken_read});
    ck_assert_ptr_nonnull(file);
    ck_fails(dblk_npy_read(file, 1000, "broken.npy", &array), DENSEBLOCK_IO_FAILED,
             "broken.npy: reading failed: Input/output error");
    fclose(file);

    char bytes[] = "\x93NUMPY\x01";
    file = fmemopen(bytes, sizeof bytes, "rb");
    ck_assert_ptr_nonnull(file);
    ck_fails(dblk_npy_read(file, 1000, "short.npy", &array), DENSEBLOCK_BAD_FILE,
             "short.npy: became shorter");
    fclose(file);
}
END_TEST

START_TEST(what_is_written_is_read_back) {
    const denseblock_type types[] = {DENSEBLOCK_F16, DENSEBLOCK_F32, DENSEBLOCK_F64};
    char path[] = "/tmp/denseblock-test-XXXXXX";
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    unsigned char data[2 * 3 * 8];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)i;
    for (int t = 0; t < 3; t++)
        for (int rank = 0; rank <= DENSEBLOCK_MAX_RANK; rank++) {
            denseblock_array read, written = {.type = types[t], .rank = rank, .data = data};
            for (int d = 0; d < rank; d++)
                written.shape[d] = d == 0 ? 2 : d == 1 ? 3 : 1;
            ck_ok(denseblock_npy_write(path, &written));
            ck_ok(denseblock_npy_read(path, &read));
            ck_assert_int_eq((int)read.type, (int)types[t]);
            ck_assert_int_eq(read.rank, rank);
            for (int d = 0; d < rank; d++)
                ck_assert_int_eq(read.shape[d], written.shape[d]);
            ck_assert_mem_eq(read.data, data,
                             denseblock_array_count(&read) * denseblock_type_size(types[t]));
            denseblock_array_free(&read);
        }
    unlink(path);
}
END_TEST

START_TEST(arrays_that_no_npy_file_can_hold_are_not_written) {
    const char path[] = "/tmp/denseblock-test-never-written";
    float data[1] = {0};
    const denseblock_status wrong = DENSEBLOCK_INVALID_ARGUMENT;
    denseblock_array array = {.type = DENSEBLOCK_BF16, .rank = 1, .shape = {1}, .data = data};
    ck_fails(denseblock_npy_write(path, &array), wrong, "bf16");
    array = (denseblock_array){.rank = 9, .data = data};
    ck_fails(denseblock_npy_write(path, &array), wrong, "rank 9");
    array = (denseblock_array){.rank = 1, .shape = {-1}, .data = data};
    ck_fails(denseblock_npy_write(path, &array), wrong, "negative");
    array = (denseblock_array){.rank = 2, .shape = {0, INT64_C(1) << 62}};
    ck_fails(denseblock_npy_write(path, &array), wrong, "overflows");
    array = (denseblock_array){.type = (denseblock_type)9, .rank = 1, .shape = {1}, .data = data};
    ck_fails(denseblock_npy_write(path, &array), wrong, "element type 9");
    array = (denseblock_array){.rank = 1, .shape = {1}};
    ck_fails(denseblock_npy_write(path, &array), wrong, "NULL");
    ck_fails(denseblock_npy_write(path, NULL), wrong, "NULL");
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_is_no_file_is_refused) {
    denseblock_array array;
    const denseblock_status bad = DENSEBLOCK_BAD_FILE;
    ck_fails(denseblock_npy_read("/nonexistent/x.npy", &array), bad, "No such file");
    ck_fails(denseblock_npy_read("/tmp", &array), bad, "is a folder");
    ck_fails(denseblock_npy_read("/dev/null", &array), bad, "no ordinary file");
    char pipe[] = "/tmp/denseblock-test-XXXXXX"; /* nobody writes to it: opening must not wait */
    ck_assert_int_eq(close(mkstemp(pipe)), 0);
    ck_assert_int_eq(unlink(pipe), 0);
    ck_assert_int_eq(mkfifo(pipe, 0600), 0);
    ck_fails(denseblock_npy_read(pipe, &array), bad, "no ordinary file");
    unlink(pipe);
    ck_fails(denseblock_npy_read(NULL, &array), DENSEBLOCK_INVALID_ARGUMENT, "path is NULL");
    ck_fails(denseblock_npy_read("x", NULL), DENSEBLOCK_INVALID_ARGUMENT, "array is NULL");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        headers_in_any_spelling_of_python_are_read,
        malformed_headers_are_refused,
        arrays_of_other_kinds_are_refused_with_advice,
        shapes_that_the_data_does_not_fit_are_refused,
        unknown_versions_and_giant_headers_are_refused,
        a_file_cut_anywhere_is_refused,
        a_file_that_fails_or_shrinks_while_it_is_read_is_an_error,
        what_is_written_is_read_back,
        arrays_that_no_npy_file_can_hold_are_not_written,
        what_is_no_file_is_refused,
        NULL,
    };
    return suite_of("npy", tests);
}
