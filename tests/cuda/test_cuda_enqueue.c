/* What an execution does to streams and devices: it only enqueues, can be captured, and keeps to the GPU
 * of its context. On the runtime double. */
#include <stdlib.h>

#include "backends.h"
#include "on_double.h"
#include "sample.h"

/* Returns how many kernels it launches. */
static uint64_t check_that_it_only_enqueues(struct sample *sample) {
    static const char *const forbidden[] = {"cudaMalloc",
                                            "cudaMallocAsync",
                                            "cudaMallocHost",
                                            "cudaFree",
                                            "cudaFreeAsync",
                                            "cudaMemcpy",
                                            "cudaStreamSynchronize",
                                            "cudaDeviceSynchronize",
                                            "cudaEventSynchronize",
                                            "cudaStreamQuery",
                                            "cudaEventQuery"};
    enum { COUNT = sizeof forbidden / sizeof forbidden[0] };
    struct ready ready;
    begin_quietly();
    get_ready(sample, 0, &ready);
    long before[COUNT];
    for (size_t f = 0; f < COUNT; f++)
        before[f] = cuda_double_calls(forbidden[f]);
    emulator_clear_counters();
    ck_ok(forward(&ready));
    struct emulator_counters work;
    emulator_count_work(&work);
    ck_assert_uint_eq(work.launches, 0); /* the stream has not come to it */
    for (size_t f = 0; f < COUNT; f++)
        ck_assert_msg(cuda_double_calls(forbidden[f]) == before[f], "it calls %s", forbidden[f]);
    ck_ok(denseblock_context_synchronize(ready.context));
    emulator_count_work(&work);
    download(&ready, sample);
    check_result(sample);
    let_go(&ready);
    check_quiet("forward");
    return work.launches;
}

START_TEST(a_forward_enqueues_and_does_nothing_else) {
    struct sample sample;
    sample_make(&sample);
    /* Two convolutions for the group, one for the last layer; or a matrix for each layer. */
    ck_assert_uint_eq(check_that_it_only_enqueues(&sample), 3);
    sample_free(&sample);
}
END_TEST

/* At least a launch for each layer. */
START_TEST(so_does_that_of_a_residual_block) {
    struct sample sample;
    begin_quietly();
    sample_make_residual(&sample);
    sample.block.options = NULL;
    ck_assert_uint_ge(check_that_it_only_enqueues(&sample), 4);
    sample_free(&sample);
}
END_TEST

/* Launches of a forward on a machine of that compute capability, and how many may overlap. */
static struct emulator_counters count_launches_of(const struct sample *sample,
                                                  const struct cuda_double_machine *machine,
                                                  bool in_place) {
    struct ready ready;
    struct emulator_counters work;
    void *x = NULL;
    cuda_double_begin(machine);
    emulator_clear();
    get_ready(sample, 0, &ready);
    if (!in_place) {
        const size_t bytes = fixture_x_count(&sample->fixture) * sizeof(float);
        ck_assert_int_eq(cudaMalloc(&x, bytes), cudaSuccess);
        ck_assert_int_eq(cudaMemcpy(x, sample->fixture.x, bytes, cudaMemcpyHostToDevice),
                         cudaSuccess);
        ck_assert_int_eq(cudaDeviceSynchronize(), cudaSuccess);
    }
    for (int i = 0; i < 2; i++) { /* the second forward begins as the first */
        emulator_clear_counters();
        ck_ok(denseblock_forward(ready.context, ready.plan, ready.prepared, x, ready.y,
                                 ready.workspace));
        ck_ok(denseblock_context_synchronize(ready.context));
        emulator_count_work(&work);
    }
    ck_assert_int_eq(cudaFree(x), cudaSuccess);
    let_go(&ready);
    check_quiet("launches");
    return work;
}

static struct emulator_counters count_launches(const struct sample *sample, int capability,
                                               bool in_place) {
    const struct cuda_double_machine machine = {.compute_capability = capability};
    return count_launches_of(sample, &machine, in_place);
}

/* The first layer has one launch, and where it is a Winograd layer three: the input transform, products,
 * and what lies between them and the next layer's. */
START_TEST(launches_overlap_but_for_the_first_ones) {
    for (int winograd = 0; winograd < 2; winograd++) {
        const denseblock_plan_options options = {
            .algorithm = winograd ? DENSEBLOCK_ALGORITHM_WINOGRAD2 : DENSEBLOCK_ALGORITHM_DIRECT};
        struct sample sample;
        winograd ? sample_make_winograd(&sample) : sample_make(&sample);
        sample.block.options = &options;
        for (int in_place = 0; in_place < 2; in_place++) {
            struct emulator_counters work = count_launches(&sample, 80, in_place);
            ck_assert_uint_gt(work.launches, 2);
            ck_assert_uint_eq(work.dependent_launches, 0);
            work = count_launches(&sample, 90, in_place);
            ck_assert_uint_eq(work.launches - work.dependent_launches,
                              in_place && winograd ? 3 : 1);
        }
        sample_free(&sample);
    }
}
END_TEST

/* From one convolution to the next, and from slice to slice: but for those behind a slice's copy of x. */
START_TEST(launches_of_a_residual_block_overlap_but_for_the_first_ones) {
    enum { SLICES = 2 };
    struct sample sample;
    sample_make_residual(&sample);
    for (int in_place = 0; in_place < 2; in_place++) {
        const struct emulator_counters work = count_launches(&sample, 90, in_place);
        ck_assert_uint_eq(work.launches, (size_t)(SLICES * sample.fixture.desc.layer_count));
        ck_assert_uint_eq(work.launches - work.dependent_launches, in_place ? 1 : SLICES);
    }
    sample_free(&sample);
}
END_TEST

START_TEST(launches_do_not_overlap_where_that_is_switched_off) {
    struct sample sample;
    sample_make(&sample);
    ck_assert_int_eq(setenv("DENSEBLOCK_OVERLAP", "off", 1), 0);
    ck_assert_uint_eq(count_launches(&sample, 90, true).dependent_launches, 0);
    ck_assert_int_eq(setenv("DENSEBLOCK_OVERLAP", "of", 1), 0);
    denseblock_plan *plan;
    ck_fails(denseblock_plan_create(sample.block.desc, tested, NULL, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "'of': there are on and off");
    ck_assert_int_eq(unsetenv("DENSEBLOCK_OVERLAP"), 0);
    sample_free(&sample);
}
END_TEST

/* Which the driver has then compiled for it. */
START_TEST(launches_do_not_overlap_in_code_for_an_older_gpu) {
    struct sample sample;
    sample_make(&sample);
    const struct cuda_double_machine machine = {.code_capability = 80};
    ck_assert_uint_eq(count_launches_of(&sample, &machine, true).dependent_launches, 0);
    sample_free(&sample);
}
END_TEST

START_TEST(libraries_and_our_kernels_between_them_do_not_overlap) {
    struct sample sample;
    sample_make(&sample);
    const struct emulator_counters work = count_launches(&sample, 90, false);
    ck_assert_uint_gt(work.launches, 2);
    ck_assert_uint_eq(work.dependent_launches, 0);
    sample_free(&sample);
}
END_TEST

START_TEST(a_caller_can_capture_a_forward_in_a_graph_of_his_own) {
    struct sample sample;
    struct ready ready;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    cudaStream_t stream = denseblock_context_stream(ready.context);
    ck_assert_int_eq(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
    ck_ok(forward(&ready));
    ck_assert_int_eq(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    ck_assert_int_eq(cudaGraphInstantiateWithFlags(&executable, graph, 0), cudaSuccess);
    ck_assert_int_eq(cudaGraphDestroy(graph), cudaSuccess);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(cudaGraphLaunch(executable, stream), cudaSuccess);
    download(&ready, &sample);
    check_result(&sample);
    ck_assert_int_eq(cudaGraphExecDestroy(executable), cudaSuccess);
    let_go(&ready);
    check_quiet("capture");
    sample_free(&sample);
}
END_TEST

START_TEST(an_old_error_of_the_caller_is_not_taken_for_ours) {
    struct sample sample;
    struct ready ready;
    void *too_large;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    ck_assert_int_eq(cudaMalloc(&too_large, (size_t)1 << 50), cudaErrorMemoryAllocation);
    ck_ok(forward(&ready));
    download(&ready, &sample);
    check_result(&sample);
    let_go(&ready);
    sample_free(&sample);
}
END_TEST

/* Nothing but the return of denseblock_weights_prepare lies between the two streams. */
START_TEST(prepared_weights_are_complete_at_the_return) {
    struct sample sample;
    struct ready ready;
    denseblock_context *other;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    ck_ok(denseblock_context_create(tested, 0, &other));
    const size_t weights = denseblock_plan_weights_bytes(ready.plan);
    ck_assert_int_eq(cudaMemset(ready.prepared, 0, weights), cudaSuccess);
    ck_assert_int_eq(cudaDeviceSynchronize(), cudaSuccess);
    prepare(&sample, &ready);
    ck_ok(denseblock_forward(other, ready.plan, ready.prepared, NULL, ready.y, ready.workspace));
    ck_ok(denseblock_context_synchronize(other));
    download(&ready, &sample);
    check_result(&sample);
    denseblock_context_destroy(other);
    let_go(&ready);
    check_quiet("two streams, no other synchronisation");
    sample_free(&sample);
}
END_TEST

START_TEST(a_context_of_another_gpu_leaves_the_current_one_alone) {
    struct sample sample;
    struct ready ready;
    int current = -1;
    sample_make(&sample);
    const struct cuda_double_machine two = {.devices = 2};
    cuda_double_begin(&two);
    get_ready(&sample, 1, &ready);
    ck_ok(forward(&ready));
    download(&ready, &sample);
    ck_assert_int_eq(cudaGetDevice(&current), cudaSuccess);
    ck_assert_int_eq(current, 0);
    check_result(&sample);
    let_go(&ready);
    check_quiet("second GPU");
    sample_free(&sample);
}
END_TEST

/* Without pools, where cudaMalloc takes memory of the current device. */
START_TEST(everything_happens_on_the_gpu_of_the_context) {
    struct sample sample;
    struct ready ready;
    denseblock_graph *graph;
    double seconds;
    size_t bytes;
    int current = -1;
    sample_make(&sample);
    const struct cuda_double_machine two = {.devices = 2, .no_pools = true};
    cuda_double_begin(&two);
    get_ready(&sample, 1, &ready);
    struct cudaPointerAttributes where;
    ck_assert_int_eq(cudaPointerGetAttributes(&where, ready.y), cudaSuccess);
    ck_assert_int_eq(where.device, 1);
    ck_ok(denseblock_context_free_memory(ready.context, &bytes));
    ck_ok(denseblock_timer_start(ready.context));
    ck_ok(denseblock_graph_create(ready.context, ready.plan, ready.prepared, NULL, ready.y,
                                  ready.workspace, &graph));
    ck_ok(denseblock_graph_launch(graph));
    ck_ok(denseblock_timer_stop(ready.context, &seconds));
    denseblock_graph_destroy(graph);
    download(&ready, &sample);
    check_result(&sample);
    let_go(&ready);
    ck_assert_int_eq(cudaGetDevice(&current), cudaSuccess);
    ck_assert_int_eq(current, 0);
    check_quiet("second GPU without pools");
    sample_free(&sample);
}
END_TEST

START_TEST(a_plan_for_another_gpu_is_refused) {
    struct sample sample;
    struct ready first;
    denseblock_context *second;
    denseblock_graph *graph;
    sample_make(&sample);
    const struct cuda_double_machine two = {.devices = 2};
    cuda_double_begin(&two);
    get_ready(&sample, 0, &first);
    ck_ok(denseblock_context_create(tested, 1, &second));
    static const char words[] = "the plan is for device 0, the context for device 1";
    ck_fails(
        denseblock_forward(second, first.plan, first.prepared, NULL, first.y, first.workspace),
        DENSEBLOCK_INVALID_ARGUMENT, words);
    ck_fails(denseblock_graph_create(second, first.plan, first.prepared, NULL, first.y,
                                     first.workspace, &graph),
             DENSEBLOCK_INVALID_ARGUMENT, words);
    denseblock_context_destroy(second);
    let_go(&first);
    check_quiet("plan for another GPU");
    sample_free(&sample);
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {a_forward_enqueues_and_does_nothing_else,
                                so_does_that_of_a_residual_block,
                                a_caller_can_capture_a_forward_in_a_graph_of_his_own,
                                an_old_error_of_the_caller_is_not_taken_for_ours,
                                prepared_weights_are_complete_at_the_return,
                                a_context_of_another_gpu_leaves_the_current_one_alone,
                                everything_happens_on_the_gpu_of_the_context,
                                a_plan_for_another_gpu_is_refused,
                                NULL};
    const TTest *const of_cuda[] = {
        launches_overlap_but_for_the_first_ones,
        launches_of_a_residual_block_overlap_but_for_the_first_ones,
        launches_do_not_overlap_where_that_is_switched_off,
        launches_do_not_overlap_in_code_for_an_older_gpu,
        NULL,
    };
    const TTest *const of_cublas[] = {libraries_and_our_kernels_between_them_do_not_overlap,
                                      NULL};
    const TTest *const of_cudnn[] = {libraries_and_our_kernels_between_them_do_not_overlap, NULL};
    return suite_of_backends("cuda_enqueue", all, of_cuda, of_cublas, of_cudnn);
}
