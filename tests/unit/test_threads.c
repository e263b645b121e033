/* Many threads execute one plan at once, each with a context of its own. */
#include <pthread.h>
#include <stdlib.h>

#include "fixture.h"
#include "suite.h"

enum { THREADS = 8, EXECUTIONS = 20 };

struct work {
    pthread_t thread;
    const struct fixture *shared; /* plan, prepared weights and x */
    void *y, *workspace;
    const char *problem;
};

static void *execute(void *argument) {
    struct work *work = argument;
    const struct fixture *shared = work->shared;
    denseblock_context *context = NULL;
    if (denseblock_context_create(shared->backend, 0, &context) != DENSEBLOCK_OK)
        work->problem = denseblock_last_error();
    for (int i = 0; i < EXECUTIONS && work->problem == NULL; i++) {
        const size_t bytes = denseblock_plan_output_bytes(shared->plan);
        memset(work->y, 0xFF, bytes);
        if (denseblock_forward(context, shared->plan, shared->prepared, shared->x, work->y,
                               work->workspace) != DENSEBLOCK_OK)
            work->problem = "forward failed";
        else if (memcmp(work->y, shared->y, bytes) != 0)
            work->problem = "another result than alone";
    }
    denseblock_context_destroy(context);
    return NULL;
}

static void run_at_once(denseblock_backend backend, bool residual,
                        const denseblock_plan_options *options) {
    struct fixture shared = {.backend = backend};
    denseblock_layers_fill(shared.layers, 3, 3, 3, 5);
    shared.desc = (denseblock_desc){.batch = 2,
                                    .height = 11,
                                    .width = 13,
                                    .channels = 7,
                                    .layer_count = 3,
                                    .layers = shared.layers};
    if (residual)
        fixture_describe_residual(&shared, 2, 5, 3, 3);
    fixture_make(&shared, 1, options);
    fixture_forward(&shared);

    struct work work[THREADS];
    for (int t = 0; t < THREADS; t++) {
        work[t] = (struct work){
            .shared = &shared,
            .y = aligned_memory(denseblock_plan_output_bytes(shared.plan)),
            .workspace = aligned_memory(denseblock_plan_workspace_bytes(shared.plan)),
        };
        ck_assert_int_eq(pthread_create(&work[t].thread, NULL, execute, &work[t]), 0);
    }
    for (int t = 0; t < THREADS; t++) {
        ck_assert_int_eq(pthread_join(work[t].thread, NULL), 0);
        ck_assert_msg(work[t].problem == NULL, "thread %d: %s", t, work[t].problem);
        free(work[t].y);
        free(work[t].workspace);
    }
    fixture_free(&shared);
}

START_TEST(threads_share_a_plan_of_one_thread_each) {
    const denseblock_plan_options options = {.thread_count = 1};
    run_at_once(DENSEBLOCK_BACKEND_REFERENCE, false, &options);
    run_at_once(DENSEBLOCK_BACKEND_CPU, false, &options);
}
END_TEST

START_TEST(threads_share_a_plan_that_has_threads_itself) {
    const denseblock_algorithm algorithms[] = {DENSEBLOCK_ALGORITHM_DIRECT,
                                               DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                               DENSEBLOCK_ALGORITHM_WINOGRAD4};
    denseblock_plan_options options = {.thread_count = 2};
    run_at_once(DENSEBLOCK_BACKEND_REFERENCE, false, &options);
    for (int a = 0; a < 3; a++)
        for (options.group_size = 1; options.group_size <= 2; options.group_size++) {
            options.algorithm = algorithms[a];
            run_at_once(DENSEBLOCK_BACKEND_CPU, false, &options);
        }
}
END_TEST

START_TEST(threads_share_a_plan_of_a_residual_block) {
    static const denseblock_backend backends[] = {DENSEBLOCK_BACKEND_REFERENCE,
                                                  DENSEBLOCK_BACKEND_CPU};
    denseblock_plan_options options = {0};
    for (int b = 0; b < 2; b++)
        for (options.thread_count = 1; options.thread_count <= 2; options.thread_count++)
            run_at_once(backends[b], true, &options);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        threads_share_a_plan_of_one_thread_each,
        threads_share_a_plan_that_has_threads_itself,
        threads_share_a_plan_of_a_residual_block,
        NULL,
    };
    return suite_of("threads", tests);
}
