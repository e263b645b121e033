/* Every allocation of the library is made to fail in turn: each time the status is out of
 * memory, and nothing stays allocated. */
#include <stdlib.h>
#include <unistd.h>

#include "failing_memory.h"
#include "fixture.h"
#include "suite.h"

static const denseblock_backend backends[] = {DENSEBLOCK_BACKEND_REFERENCE,
                                              DENSEBLOCK_BACKEND_CPU};
enum { BACKENDS = sizeof backends / sizeof backends[0] };

static denseblock_status create_plan(void *argument) {
    struct fixture *fixture = argument;
    denseblock_plan *plan;
    const denseblock_status status =
        described_plan_create(&fixture->desc, fixture->residual, fixture->backend, NULL, &plan);
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

/* More than the plan of one dense block: there are those of the convolutions. */
START_TEST(so_does_the_plan_of_a_residual_block) {
    struct fixture fixture;
    for (int b = 0; b < BACKENDS; b++) {
        fixture_random_residual(&fixture, 1, DENSEBLOCK_F32);
        fixture.backend = backends[b];
        ck_assert_int_ge(fail_each_allocation(create_plan, &fixture), 5);
    }
}
END_TEST

static void check_that_executing_allocates_nothing(denseblock_backend backend, bool residual) {
    struct fixture fixture;
    if (residual)
        fixture_random_residual(&fixture, 2, DENSEBLOCK_F32);
    else {
        fixture_random_desc(&fixture, 2, DENSEBLOCK_F32);
        denseblock_layers_fill(fixture.layers, 1, 3, 3, 4);
    }
    fixture.backend = backend;
    fixture_make(&fixture, 2, &(denseblock_plan_options){.thread_count = 1});
    failing_memory_begin(-1);
    const denseblock_status prepared = denseblock_weights_prepare(
        fixture.context, fixture.plan, (const void *const *)fixture.kernels, fixture.prepared);
    const denseblock_status forward = denseblock_forward(
        fixture.context, fixture.plan, fixture.prepared, fixture.x, fixture.y, fixture.workspace);
    const struct failing_memory memory = failing_memory_end();
    ck_ok(prepared);
    ck_ok(forward);
    ck_assert_int_eq(memory.made, 0);
    fixture_free(&fixture);
}

START_TEST(preparing_and_executing_allocate_nothing) {
    for (int b = 0; b < BACKENDS; b++) {
        check_that_executing_allocates_nothing(backends[b], false);
        check_that_executing_allocates_nothing(backends[b], true);
    }
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
        so_does_the_plan_of_a_residual_block,
        preparing_and_executing_allocate_nothing,
        buffers_survive_every_failing_allocation,
        files_survive_every_failing_allocation,
        NULL,
    };
    return suite_of("allocation", tests);
}
