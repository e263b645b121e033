/* Suite: the environment of a program that is linked with the double. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "test_kernels.h"

/* What strict_program prints, on both streams, in this environment; the status. */
static int run(const char *environment, const char *steps, char *output, size_t capacity) {
    char command[1024];
    (void)snprintf(command, sizeof command, "%s '%s' %s 2>&1", environment, STRICT_PROGRAM,
                   steps);
    FILE *pipe = popen(command, "r"); /* NOLINT(cert-env33-c): the command is ours */
    ck_assert_ptr_nonnull(pipe);
    const size_t length = fread(output, 1, capacity - 1, pipe);
    output[length] = 0;
    const int status = pclose(pipe);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void ck_run(const char *environment, const char *steps, int status, const char *words) {
    char output[4096];
    const int got = run(environment, steps, output, sizeof output);
    ck_assert_msg(got == status && strstr(output, words) != NULL, "%s %s: %d, %s", environment,
                  steps, got, output);
}

START_TEST(the_machine_is_that_of_the_environment) {
    ck_run("", "count", 0, "1 devices\n");
    ck_run("CUDA_DOUBLE_DEVICES=3", "count", 0, "3 devices\n");
    ck_run("CUDA_DOUBLE_DEVICES=0", "count", 3, "100\n");
    ck_run("CUDA_DOUBLE_DRIVER=0", "count", 3, "35\n");
    ck_run("CUDA_DOUBLE_MEMORY=99", "leak", 3, "2\n");
    ck_run("CUDA_DOUBLE_MEMORY=100", "leak", 0, "ok\n");
    ck_run("CUDA_DOUBLE_NO_POOLS=1", "pool", 3, "801\n");
    ck_run("", "pool", 0, "ok\n");
}
END_TEST

START_TEST(failures_are_those_of_the_environment) {
    ck_run("CUDA_DOUBLE_FAIL=cudaMalloc:2:999", "leak leak", 3, "999\n");
    ck_run("CUDA_DOUBLE_FAIL=cudaMalloc:3:999", "leak leak", 0, "ok\n");
    ck_run("CUDA_DOUBLE_FAIL=any:3:700", "pool leak", 3, "700\n");
    ck_run("CUDA_DOUBLE_FAIL=cudaMalloc", "leak", 99, "is not function:n:error");
}
END_TEST

START_TEST(the_end_is_strict) {
    ck_run("CUDA_DOUBLE_STRICT=1", "pool", 0, "ok\n");
    ck_run("CUDA_DOUBLE_STRICT=0", "leak unwritten", 0, "ok\n");
    ck_run("CUDA_DOUBLE_STRICT=1", "leak", 99, "device memory 1, of cudaMalloc, 100 bytes");
    ck_run("CUDA_DOUBLE_STRICT=1", "unwritten", 99, "of which not all was written");
    ck_run("CUDA_DOUBLE_STRICT=1", "leak", 99, "ok\n"); /* what it had printed is not lost */
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        the_machine_is_that_of_the_environment,
        failures_are_those_of_the_environment,
        the_end_is_strict,
        NULL,
    };
    return suite_of("double.program", tests);
}
