/* Every allocation of the library is made to fail in turn: each time the status is out of
 * memory, and nothing stays allocated. The linker puts the functions below in front of libc's. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "suite.h"

static bool counting;  /* off while Check, which is linked in as well, may allocate */
static long countdown; /* allocations until the one that fails; below 0: none fails any more */
static long made;      /* while counting */
static long live;      /* of those, now */

/* True for the allocation that has to fail. */
static bool fails_now(void) {
    if (!counting)
        return false;
    made++;
    if (countdown >= 0 && countdown-- == 0) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

#define WRAPPED(result, name, parameters) \
    result __real_##name parameters;      \
    result __wrap_##name parameters;      \
    result __wrap_##name parameters

/* A counted allocation, or its failure. */
#define ALLOCATE(call)                              \
    do {                                            \
        void *memory = fails_now() ? NULL : (call); \
        live += counting && memory != NULL;         \
        return memory;                              \
    } while (0)

WRAPPED(void *, malloc, (size_t size)) {
    ALLOCATE(__real_malloc(size));
}

WRAPPED(void *, calloc, (size_t count, size_t size)) {
    ALLOCATE(__real_calloc(count, size));
}

WRAPPED(void *, aligned_alloc, (size_t alignment, size_t size)) {
    ALLOCATE(__real_aligned_alloc(alignment, size));
}

/* What is made larger stays one allocation. */
WRAPPED(void *, realloc, (void *memory, size_t size)) {
    void *grown = fails_now() ? NULL : __real_realloc(memory, size);
    live += counting && memory == NULL && grown != NULL;
    return grown;
}

WRAPPED(char *, strdup, (const char *text)) {
    ALLOCATE(__real_strdup(text));
}

WRAPPED(char *, strndup, (const char *text, size_t most)) {
    ALLOCATE(__real_strndup(text, most));
}

WRAPPED(char *, realpath, (const char *path, char *resolved)) {
    ALLOCATE(__real_realpath(path, resolved));
}

/* Its memory is the stream's own, which fclose gives back. */
WRAPPED(FILE *, fdopen, (int fd, const char *mode)) {
    return fails_now() ? NULL : __real_fdopen(fd, mode);
}

WRAPPED(void, free, (void *memory)) {
    live -= counting && memory != NULL;
    __real_free(memory);
}

/* Runs `action` with the first allocation failing, then the second, and so on, until it has no
 * more. Returns how many it has. `action` gives back all it made when it succeeds, and uses none
 * of Check's functions. */
static long fail_each_allocation(denseblock_status (*action)(void *), void *argument) {
    for (long which = 0;; which++) {
        made = live = 0;
        countdown = which;
        counting = true;
        const denseblock_status status = action(argument);
        counting = false;
        const bool failed = countdown < 0;
        ck_assert_msg(live == 0, "allocation %ld failed: %ld stay allocated", which, live);
        if (!failed) {
            ck_ok(status);
            return made;
        }
        ck_assert_msg(status == DENSEBLOCK_OUT_OF_MEMORY,
                      "allocation %ld failed: the status is '%s'", which,
                      denseblock_status_string(status));
        ck_assert_ptr_nonnull(strstr(denseblock_last_error(), "no memory"));
    }
}

static const denseblock_backend backends[] = {DENSEBLOCK_BACKEND_REFERENCE,
                                              DENSEBLOCK_BACKEND_CPU};
enum { BACKENDS = sizeof backends / sizeof backends[0] };

static denseblock_status create_plan(void *argument) {
    struct fixture *fixture = argument;
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_plan_create(&fixture->desc, fixture->backend, NULL, &plan);
    const bool agree = (plan == NULL) == (status != DENSEBLOCK_OK);
    denseblock_plan_destroy(plan);
    return agree ? status : DENSEBLOCK_DEVICE_FAILED;
}

static denseblock_status create_context(void *argument) {
    const struct fixture *fixture = argument;
    denseblock_context *context;
    const denseblock_status status = denseblock_context_create(fixture->backend, 0, &context);
    const bool agree = (context == NULL) == (status != DENSEBLOCK_OK);
    denseblock_context_destroy(context);
    return agree ? status : DENSEBLOCK_DEVICE_FAILED;
}

START_TEST(plan_and_context_survive_every_failing_allocation) {
    struct fixture fixture;
    fixture_random_desc(&fixture, 1, DENSEBLOCK_F32);
    for (int b = 0; b < BACKENDS; b++) {
        fixture.backend = backends[b];
        ck_assert_int_gt(fail_each_allocation(create_plan, &fixture), 1);
        ck_assert_int_gt(fail_each_allocation(create_context, &fixture), 0);
    }
}
END_TEST

static void check_that_executing_allocates_nothing(denseblock_backend backend) {
    struct fixture fixture;
    fixture_random_desc(&fixture, 2, DENSEBLOCK_F32);
    denseblock_layers_fill(fixture.layers, 1, 3, 3, 4);
    fixture.backend = backend;
    fixture_make(&fixture, 2, &(denseblock_plan_options){.thread_count = 1});
    made = 0;
    countdown = -1;
    counting = true;
    const denseblock_status prepared = denseblock_weights_prepare(
        fixture.context, fixture.plan, (const void *const *)fixture.kernels, fixture.prepared);
    const denseblock_status forward = denseblock_forward(
        fixture.context, fixture.plan, fixture.prepared, fixture.x, fixture.y, fixture.workspace);
    counting = false;
    ck_ok(prepared);
    ck_ok(forward);
    ck_assert_int_eq(made, 0);
    fixture_free(&fixture);
}

START_TEST(preparing_and_executing_allocate_nothing) {
    for (int b = 0; b < BACKENDS; b++)
        check_that_executing_allocates_nothing(backends[b]);
}
END_TEST

/* Twenty buffers in a time line, some freed, the rest left to destroy. */
static denseblock_status use_buffers(void *argument) {
    denseblock_context *context = argument;
    denseblock_buffers *buffers;
    denseblock_status status = denseblock_buffers_create(true, &buffers);
    for (int i = 0; status == DENSEBLOCK_OK && i < 20; i++) {
        void *address;
        status = denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_HOST, 8, "label",
                                             &address);
        if (status == DENSEBLOCK_OK && i % 3 == 0)
            status = denseblock_buffers_free(buffers, address);
    }
    denseblock_buffers_destroy(buffers);
    return status;
}

START_TEST(buffers_survive_every_failing_allocation) {
    denseblock_context *context;
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CPU, 0, &context));
    ck_assert_int_gt(fail_each_allocation(use_buffers, context), 40);
    denseblock_context_destroy(context);
}
END_TEST

static char path[] = "/tmp/denseblock-test-XXXXXX";

static denseblock_status write_file(void *argument) {
    return denseblock_npy_write(path, argument);
}

static denseblock_status read_file(void *argument) {
    (void)argument;
    denseblock_array array;
    const denseblock_status status = denseblock_npy_read(path, &array);
    denseblock_array_free(&array);
    return status;
}

START_TEST(files_survive_every_failing_allocation) {
    const int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    float data[6] = {0};
    denseblock_array array = {.rank = 2, .shape = {2, 3}, .data = data};
    ck_assert_int_gt(fail_each_allocation(write_file, &array), 3);
    ck_assert_int_gt(fail_each_allocation(read_file, NULL), 2);
    unlink(path);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        plan_and_context_survive_every_failing_allocation,
        preparing_and_executing_allocate_nothing,
        buffers_survive_every_failing_allocation,
        files_survive_every_failing_allocation,
        NULL,
    };
    return suite_of("allocation", tests);
}
