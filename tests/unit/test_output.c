/* Files appear whole or not at all, on every kind of file system. The linker puts the functions
 * below in front of libc's, so that the test can make them fail. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

static bool no_unnamed_files; /* as on NFS */
static bool disk_full;
static bool sync_fails;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE
                            ? va_arg(arguments, mode_t)
                            : 0;
    va_end(arguments);
    if (no_unnamed_files && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_open(path, flags, mode);
}

int __wrap_fsync(int fd) {
    if (disk_full || sync_fails) {
        errno = disk_full ? ENOSPC : EIO;
        return -1;
    }
    return __real_fsync(fd);
}

static char folder[64], path[128];

static void setup(void) {
    no_unnamed_files = disk_full = sync_fails = false;
    strcpy(folder, "/tmp/denseblock-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/out", folder);
}

static int files_in_folder(void) {
    int count = 0;
    DIR *stream = opendir(folder);
    ck_assert_ptr_nonnull(stream);
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(stream);
    return count;
}

static void teardown(void) {
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* fails if anything else was left there */
}

static void write_old(const char *text) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void assert_content(const char *text) {
    char found[64] = "";
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    found[fread(found, 1, sizeof found - 1, file)] = 0;
    fclose(file);
    ck_assert_str_eq(found, text);
}

/* Both ways: with a file that has no name, and with a temporary name. */
START_TEST(the_file_appears_at_the_commit) {
    for (int way = 0; way < 2; way++) {
        setup();
        no_unnamed_files = way == 1;
        denseblock_output *output;
        ck_ok(denseblock_output_open(path, &output));
        ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
        ck_assert_int_ne(access(path, F_OK), 0);
        ck_assert_int_eq(files_in_folder(), way);
        ck_ok(denseblock_output_commit(output));
        assert_content("new");
        ck_assert_int_eq(files_in_folder(), 1);
        teardown();
    }
}
END_TEST

START_TEST(the_older_file_is_replaced_and_keeps_its_permissions) {
    for (int way = 0; way < 2; way++) {
        setup();
        no_unnamed_files = way == 1;
        write_old("old");
        ck_assert_int_eq(chmod(path, 0640), 0);
        denseblock_output *output;
        ck_ok(denseblock_output_open(path, &output));
        ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
        assert_content("old");
        ck_ok(denseblock_output_commit(output));
        assert_content("new");
        struct stat about;
        ck_assert_int_eq(stat(path, &about), 0);
        ck_assert_uint_eq(about.st_mode & 0777, 0640);
        teardown();
    }
}
END_TEST

START_TEST(what_is_discarded_leaves_nothing_and_the_older_file) {
    for (int way = 0; way < 2; way++) {
        setup();
        no_unnamed_files = way == 1;
        write_old("old");
        denseblock_output *output;
        ck_ok(denseblock_output_open(path, &output));
        ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
        denseblock_output_discard(output);
        assert_content("old");
        ck_assert_int_eq(files_in_folder(), 1);
        teardown();
    }
    denseblock_output_discard(NULL);
}
END_TEST

START_TEST(a_failing_commit_leaves_nothing_and_the_older_file) {
    for (int way = 0; way < 4; way++) {
        setup();
        no_unnamed_files = way % 2 == 1;
        write_old("old");
        denseblock_output *output;
        ck_ok(denseblock_output_open(path, &output));
        ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
        disk_full = way < 2;
        sync_fails = way >= 2;
        ck_fails(denseblock_output_commit(output), DENSEBLOCK_IO_FAILED,
                 way < 2 ? "No space left" : "Input/output error");
        assert_content("old");
        ck_assert_int_eq(files_in_folder(), 1);
        teardown();
    }
}
END_TEST

/* The stream remembers that a write failed, even if the next flush succeeds. */
START_TEST(a_write_that_failed_is_not_forgotten) {
    setup();
    struct rlimit unlimited, limited;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_IGN);
    limited = unlimited;
    limited.rlim_cur = 10000;
    denseblock_output *output;
    ck_ok(denseblock_output_open(path, &output));
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limited), 0);
    for (int i = 0; i < 20000; i++)
        fputc('a', denseblock_output_stream(output));
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    ck_fails(denseblock_output_commit(output), DENSEBLOCK_IO_FAILED, "writing failed");
    ck_assert_int_eq(files_in_folder(), 0);
    teardown();
}
END_TEST

START_TEST(a_new_file_has_the_permissions_that_the_umask_leaves) {
    for (int way = 0; way < 2; way++) {
        setup();
        no_unnamed_files = way == 1;
        const mode_t before = umask(0026);
        denseblock_output *output;
        ck_ok(denseblock_output_open(path, &output));
        ck_ok(denseblock_output_commit(output));
        umask(before);
        struct stat about;
        ck_assert_int_eq(stat(path, &about), 0);
        ck_assert_uint_eq(about.st_mode & 0777, 0640);
        teardown();
    }
}
END_TEST

START_TEST(the_path_is_meant_from_where_it_was_opened) {
    setup();
    char before[PATH_MAX];
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(folder), 0);
    denseblock_output *output;
    ck_ok(denseblock_output_open("out", &output));
    ck_assert_int_eq(chdir(before), 0);
    ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
    ck_ok(denseblock_output_commit(output));
    assert_content("new");
    teardown();
}
END_TEST

START_TEST(two_outputs_to_one_folder_do_not_meet) {
    setup();
    no_unnamed_files = true;
    char second[160];
    snprintf(second, sizeof second, "%s/second", folder);
    denseblock_output *outputs[2];
    ck_ok(denseblock_output_open(path, &outputs[0]));
    ck_ok(denseblock_output_open(second, &outputs[1]));
    ck_assert_int_eq(files_in_folder(), 2);
    ck_ok(denseblock_output_commit(outputs[1]));
    ck_ok(denseblock_output_commit(outputs[0]));
    ck_assert_int_eq(files_in_folder(), 2);
    unlink(second);
    teardown();
}
END_TEST

START_TEST(a_full_device_is_reported) {
    denseblock_output *output;
    ck_ok(denseblock_output_open("/dev/full", &output));
    ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
    ck_fails(denseblock_output_commit(output), DENSEBLOCK_IO_FAILED, "No space left");

    float data[65536] = {0}; /* more than the stream's buffer: the write itself fails */
    const denseblock_array array = {.rank = 1, .shape = {65536}, .data = data};
    ck_fails(denseblock_npy_write("/dev/full", &array), DENSEBLOCK_IO_FAILED, "/dev/full");
}
END_TEST

START_TEST(a_device_is_written_to_and_not_replaced) {
    denseblock_output *output;
    ck_ok(denseblock_output_open("/dev/null", &output));
    ck_ok(denseblock_output_commit(output));
    struct stat about;
    ck_assert_int_eq(stat("/dev/null", &about), 0);
    ck_assert(S_ISCHR(about.st_mode));
}
END_TEST

START_TEST(a_symbolic_link_stays_and_its_target_is_replaced) {
    setup();
    char link[160];
    snprintf(link, sizeof link, "%s/link", folder);
    write_old("old");
    ck_assert_int_eq(symlink("out", link), 0);
    denseblock_output *output;
    ck_ok(denseblock_output_open(link, &output));
    ck_assert_int_ge(fputs("new", denseblock_output_stream(output)), 0);
    ck_ok(denseblock_output_commit(output));
    assert_content("new");
    struct stat about;
    ck_assert_int_eq(lstat(link, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    unlink(link);
    teardown();
}
END_TEST

START_TEST(a_path_that_cannot_be_written_is_refused_at_once) {
    denseblock_output *output;
    const denseblock_status bad = DENSEBLOCK_BAD_FILE;
    ck_fails(denseblock_output_open("/tmp", &output), bad, "it is a folder");
    ck_fails(denseblock_output_open("", &output), bad, "name is empty");
    ck_fails(denseblock_output_open("/nonexistent/y.npy", &output), bad, "No such file");
    ck_fails(denseblock_output_open("/dev/null/y.npy", &output), bad, "Not a directory");
    char long_name[400] = "/tmp/";
    memset(long_name + 5, 'a', 300);
    ck_fails(denseblock_output_open(long_name, &output), bad, "File name too long");
    setup();
    ck_assert_int_eq(symlink("nothing", path), 0);
    ck_fails(denseblock_output_open(path, &output), bad, "symbolic link");
    teardown();
    ck_assert_ptr_null(output);
    ck_fails(denseblock_output_open(NULL, &output), DENSEBLOCK_INVALID_ARGUMENT, "path is NULL");
    ck_fails(denseblock_output_open("y", NULL), DENSEBLOCK_INVALID_ARGUMENT, "output is NULL");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        the_file_appears_at_the_commit,
        the_older_file_is_replaced_and_keeps_its_permissions,
        what_is_discarded_leaves_nothing_and_the_older_file,
        a_failing_commit_leaves_nothing_and_the_older_file,
        a_write_that_failed_is_not_forgotten,
        a_new_file_has_the_permissions_that_the_umask_leaves,
        the_path_is_meant_from_where_it_was_opened,
        two_outputs_to_one_folder_do_not_meet,
        a_full_device_is_reported,
        a_device_is_written_to_and_not_replaced,
        a_symbolic_link_stays_and_its_target_is_replaced,
        a_path_that_cannot_be_written_is_refused_at_once,
        NULL,
    };
    return suite_of("output", tests);
}
