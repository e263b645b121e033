/* The host side of the backends of GPUs on the runtime double: that it only enqueues, that it can be
 * captured, and that every failure ends in a status and leaves nothing behind. */
#include <math.h>
#include <stdlib.h>

#include "backends.h"
#include "cuda_case.h"
#include "failing_memory.h"
#include "fixture.h"
#include "on_double.h"

/* A block of two groups, one of them with partial sums, and its data; result in `y`. */
struct sample {
    struct fixture fixture;
    void *y;
    struct cuda_case block;
};

static void sample_make(struct sample *sample) {
    *sample = (struct sample){0};
    struct fixture *fixture = &sample->fixture;
    fixture->desc = (denseblock_desc){.batch = 2,
                                      .height = 3,
                                      .width = 5,
                                      .channels = 3,
                                      .layer_count = 3,
                                      .layers = fixture->layers,
                                      .type = DENSEBLOCK_F32};
    denseblock_layers_fill(fixture->layers, 2, 3, 3, 4);
    denseblock_layers_fill(fixture->layers + 2, 1, 1, 1, 2);
    fixture_make(fixture, 1, NULL);
    sample->y = aligned_memory(fixture_y_count(fixture) * sizeof(float));
    sample->block = (struct cuda_case){.backend = tested,
                                       .desc = &fixture->desc,
                                       .kernels = (const void *const *)fixture->kernels,
                                       .x = fixture->x,
                                       .y = sample->y};
}

static void sample_free(struct sample *sample) {
    free(sample->y);
    fixture_free(&sample->fixture);
}

static void check_result(struct sample *sample) {
    fixture_forward(&sample->fixture);
    const float *expected = sample->fixture.y, *found = sample->y;
    for (size_t i = 0; i < fixture_y_count(&sample->fixture); i++)
        if (!(fabsf(found[i] - expected[i]) <= 1e-5F))
            ck_abort_msg("element %zu is %g, expected %g", i, (double)found[i],
                         (double)expected[i]);
}

/* ---- Failures ---- */

/* Calls that give something back: when such a one fails, nobody can give it back. */
static bool gives_back(const char *function) {
    return strstr(function, "Free") != NULL || strstr(function, "Destroy") != NULL;
}

static const char *const functions[] = {"cudaGetDevice",
                                        "cudaSetDevice",
                                        "cudaGetDeviceCount",
                                        "cudaDeviceGetAttribute",
                                        "cudaDriverGetVersion",
                                        "cudaRuntimeGetVersion",
                                        "cudaFuncGetAttributes",
                                        "cudaFuncSetAttribute",
                                        "cudaStreamCreateWithFlags",
                                        "cudaEventCreate",
                                        "cudaMalloc",
                                        "cudaMallocAsync",
                                        "cudaMallocHost",
                                        "cudaMemcpyAsync",
                                        "cudaMemcpy2DAsync",
                                        "cudaMemsetAsync",
                                        "cudaStreamSynchronize",
                                        "cudaStreamBeginCapture",
                                        "cudaStreamEndCapture",
                                        "cudaGraphInstantiateWithFlags",
                                        "cudaGraphLaunch",
                                        "launch",
                                        "dlopen",
                                        "dlsym",
                                        "cublasCreate_v2",
                                        "cublasSetStream_v2",
                                        "cublasSetPointerMode_v2",
                                        "cublasSetMathMode",
                                        "cublasSetWorkspace_v2",
                                        "cublasGemmEx",
                                        "cublasDestroy_v2",
                                        "cudaFree",
                                        "cudaFreeAsync",
                                        "cudaFreeHost",
                                        "cudaStreamDestroy",
                                        "cudaEventDestroy",
                                        "cudaGraphDestroy",
                                        "cudaGraphExecDestroy"};

/* Makes the n-th call of a function fail. Returns whether there was such a call. */
static bool fail_call(struct sample *sample, const struct cuda_double_machine *machine,
                      const char *function, long n, cudaError_t error) {
    char what[96];
    snprintf(what, sizeof what, "%s, call %ld", function, n);
    cuda_double_begin(machine);
    emulator_clear();
    cuda_double_fail(function, n, error);
    memset(sample->y, 0xff, fixture_y_count(&sample->fixture) * sizeof(float));
    failing_memory_begin(-1);
    const denseblock_status status = cuda_case_run(&sample->block);
    const struct failing_memory memory = failing_memory_end();
    const bool happened = cuda_double_calls(function) >= n;
    ck_assert_msg(memory.live == 0, "%s: %ld allocations of the host are left", what,
                  memory.live);
    cuda_double_fail(NULL, 0, cudaSuccess);
    ck_assert_msg(cudaGetLastError() == cudaSuccess, "%s: CUDA's last error stays", what);
    ck_assert_msg(cuda_double_mistakes()[0] == 0, "%s: host:\n%s", what, cuda_double_mistakes());
    ck_assert_msg(emulator_count(EMULATOR_FINDINGS) == 0, "%s: kernels:\n%s", what,
                  emulator_reports());
    if (!happened) {
        ck_ok(status);
        return false;
    }
    if (gives_back(function))
        return true;
    if (status == DENSEBLOCK_OK) { /* when all is done, an error has nobody to be told */
        check_result(sample);
        ck_assert_msg(cuda_double_leaks()[0] == 0, "%s: left over:\n%s", what,
                      cuda_double_leaks());
        return true;
    }
    ck_assert_msg(denseblock_last_error()[0] != 0, "%s: no message", what);
    if (error == cudaErrorMemoryAllocation && strstr(function, "Malloc") != NULL)
        ck_assert_msg(status == DENSEBLOCK_OUT_OF_MEMORY, "%s: the status is '%s'", what,
                      denseblock_status_string(status));
    ck_assert_msg(cuda_double_leaks()[0] == 0, "%s: left over:\n%s", what, cuda_double_leaks());
    return true;
}

static void fail_every_call(const struct cuda_double_machine *machine, bool graph,
                            cudaError_t error, long least) {
    struct sample sample;
    sample_make(&sample);
    sample.block.graph = graph;
    long failures = 0;
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        for (long n = 1; fail_call(&sample, machine, functions[f], n, error); n++)
            failures++;
    ck_assert_int_ge(failures, least);
    sample_free(&sample);
}

START_TEST(every_failing_call_gives_a_status_and_leaves_nothing) {
    fail_every_call(NULL, false, cudaErrorUnknown, 60);
    fail_every_call(NULL, true, cudaErrorMemoryAllocation, 60);
}
END_TEST

static denseblock_status run_anew(void *block) {
    cuda_double_begin(NULL);
    const denseblock_status status = cuda_case_run(block);
    return cuda_double_leaks()[0] == 0 && cuda_double_mistakes()[0] == 0
               ? status
               : DENSEBLOCK_DEVICE_FAILED;
}

START_TEST(so_does_every_failing_allocation_of_the_host) {
    struct sample sample;
    sample_make(&sample);
    ck_assert_int_gt(fail_each_allocation(run_anew, &sample.block), 10);
    sample.block.graph = true;
    ck_assert_int_gt(fail_each_allocation(run_anew, &sample.block), 11);
    sample_free(&sample);
}
END_TEST

START_TEST(so_it_does_where_there_are_no_memory_pools) {
    const struct cuda_double_machine machine = {.no_pools = true};
    fail_every_call(&machine, false, cudaErrorMemoryAllocation, 60);
}
END_TEST

START_TEST(an_error_on_the_gpu_is_found_at_the_latest_when_it_is_waited_for) {
    struct sample sample;
    sample_make(&sample);
    long n = 1;
    for (;; n++) {
        char what[32];
        snprintf(what, sizeof what, "operation %ld", n);
        cuda_double_begin(NULL);
        cuda_double_fail("execution", n, cudaErrorIllegalAddress);
        const denseblock_status status = cuda_case_run(&sample.block);
        if (status == DENSEBLOCK_OK)
            break;
        ck_assert_msg(status == DENSEBLOCK_DEVICE_FAILED, "%s: the status is '%s'", what,
                      denseblock_status_string(status));
        ck_assert_ptr_nonnull(strstr(denseblock_last_error(), "illegal"));
    }
    ck_assert_int_gt(n, 10);
    sample_free(&sample);
}
END_TEST

START_TEST(too_little_memory_is_told_with_the_bytes) {
    struct sample sample;
    sample_make(&sample);
    const struct cuda_double_machine machine = {.memory_bytes = 2048};
    cuda_double_begin(&machine);
    ck_fails(cuda_case_run(&sample.block), DENSEBLOCK_OUT_OF_MEMORY, "bytes on the GPU");
    check_quiet("2048 bytes");
    sample_free(&sample);
}
END_TEST

/* ---- Only enqueues ---- */

struct ready {
    denseblock_plan *plan;
    denseblock_context *context;
    denseblock_buffers *buffers;
    void *prepared, *workspace, *y;
};

static void *allocate(struct ready *ready, size_t bytes) {
    void *address;
    ck_ok(denseblock_buffers_allocate(ready->buffers, ready->context, DENSEBLOCK_MEMORY_DEVICE,
                                      bytes, "some", &address));
    return address;
}

/* Everything is there, x in y. */
static void get_ready(const struct sample *sample, int device, struct ready *ready) {
    const denseblock_desc *desc = &sample->fixture.desc;
    const denseblock_plan_options options = {.device = device};
    const size_t x_pixel = (size_t)desc->channels * sizeof(float);
    *ready = (struct ready){0};
    ck_ok(denseblock_plan_create(desc, tested, &options, &ready->plan));
    ck_ok(denseblock_context_create(tested, device, &ready->context));
    ck_ok(denseblock_buffers_create(false, &ready->buffers));
    ready->prepared = allocate(ready, denseblock_plan_weights_bytes(ready->plan));
    ready->workspace = allocate(ready, denseblock_plan_workspace_bytes(ready->plan));
    ready->y = allocate(ready, denseblock_plan_output_bytes(ready->plan));
    const void *kernels[FIXTURE_MAX_LAYERS];
    int64_t channels = desc->channels;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const size_t bytes =
            (size_t)(layer->kernel_height * layer->kernel_width * channels * layer->growth) *
            sizeof(float);
        void *kernel = allocate(ready, bytes);
        ck_ok(denseblock_copy(ready->context, DENSEBLOCK_UPLOAD, kernel, bytes,
                              sample->fixture.kernels[l], bytes, bytes, 1));
        kernels[l] = kernel;
        channels += layer->growth;
    }
    ck_ok(denseblock_weights_prepare(ready->context, ready->plan, kernels, ready->prepared));
    ck_ok(denseblock_copy(ready->context, DENSEBLOCK_UPLOAD, ready->y,
                          (size_t)channels * sizeof(float), sample->fixture.x, x_pixel, x_pixel,
                          (size_t)(desc->batch * desc->height * desc->width)));
    ck_ok(denseblock_context_synchronize(ready->context));
}

static void let_go(struct ready *ready) {
    denseblock_buffers_destroy(ready->buffers);
    denseblock_context_destroy(ready->context);
    denseblock_plan_destroy(ready->plan);
}

static denseblock_status forward(const struct ready *ready) {
    return denseblock_forward(ready->context, ready->plan, ready->prepared, NULL, ready->y,
                              ready->workspace);
}

static void download(const struct ready *ready, struct sample *sample) {
    const size_t bytes = denseblock_plan_output_bytes(ready->plan);
    ck_ok(denseblock_copy(ready->context, DENSEBLOCK_DOWNLOAD, sample->y, bytes, ready->y, bytes,
                          bytes, 1));
    ck_ok(denseblock_context_synchronize(ready->context));
}

START_TEST(a_forward_enqueues_and_does_nothing_else) {
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
    struct sample sample;
    struct ready ready;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
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
    /* Two convolutions for the group, one for the last layer; or a matrix for each layer. */
    ck_assert_uint_eq(work.launches, 3);
    download(&ready, &sample);
    check_result(&sample);
    let_go(&ready);
    check_quiet("forward");
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

START_TEST(prepared_weights_serve_every_stream) {
    struct sample sample;
    struct ready ready;
    denseblock_context *other;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    ck_ok(denseblock_context_create(tested, 0, &other));
    ck_ok(denseblock_forward(other, ready.plan, ready.prepared, NULL, ready.y, ready.workspace));
    ck_ok(denseblock_context_synchronize(other));
    download(&ready, &sample);
    check_result(&sample);
    denseblock_context_destroy(other);
    let_go(&ready);
    check_quiet("two streams");
    sample_free(&sample);
}
END_TEST

/* ---- Buffers ---- */

START_TEST(buffers_on_a_gpu_are_accounted_for) {
    denseblock_context *context;
    denseblock_buffers *buffers;
    void *device, *pinned;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    const size_t own = cuda_double_memory();
    ck_ok(denseblock_buffers_create(true, &buffers));
    ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, 1000, "on it",
                                      &device));
    ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_HOST, 500, "pinned",
                                      &pinned));
    ck_assert_uint_eq(denseblock_buffers_held(buffers, DENSEBLOCK_MEMORY_DEVICE), 1000);
    ck_assert_uint_eq(denseblock_buffers_held(buffers, DENSEBLOCK_MEMORY_HOST), 500);
    ck_assert_uint_ge(cuda_double_memory(), own + 1000);
    ck_ok(denseblock_buffers_free(buffers, device));
    ck_ok(denseblock_context_synchronize(context));
    ck_assert_uint_eq(cuda_double_memory(), own);
    ck_fails(denseblock_buffers_free(buffers, device), DENSEBLOCK_INVALID_ARGUMENT,
             "freed before");
    size_t count;
    const denseblock_buffer_event *events = denseblock_buffers_timeline(buffers, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(events[2].label, "on it");
    ck_assert(events[2].freed && events[2].held == 0);
    denseblock_buffers_destroy(buffers); /* with the pinned one still in it */
    denseblock_context_destroy(context);
    check_quiet("buffers");
}
END_TEST

START_TEST(the_free_memory_of_a_gpu_is_known) {
    denseblock_context *context;
    size_t bytes;
    const struct cuda_double_machine machine = {.memory_bytes = 1 << 20};
    cuda_double_begin(&machine);
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_ok(denseblock_context_free_memory(context, &bytes));
    ck_assert(bytes > (1 << 19) && bytes < (1 << 20));
    denseblock_context_destroy(context);
    check_quiet("free memory");
}
END_TEST

/* ---- What is missing ---- */

static void check_missing(struct cuda_double_machine machine, const char *words) {
    cuda_double_begin(&machine);
    ck_fails(denseblock_backend_check(tested), DENSEBLOCK_UNAVAILABLE, words);
    ck_assert_int_eq((int)denseblock_backend_auto(), (int)DENSEBLOCK_BACKEND_CPU);
    const denseblock_layer layer = {.kernel_height = 1, .kernel_width = 1, .growth = 1};
    const denseblock_desc desc = {
        .batch = 1, .height = 1, .width = 1, .channels = 1, .layer_count = 1, .layers = &layer};
    denseblock_plan *plan;
    denseblock_context *context;
    ck_fails(denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNAVAILABLE, words);
    ck_fails(denseblock_context_create(tested, 0, &context), DENSEBLOCK_UNAVAILABLE, words);
    ck_ok(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO, NULL, &plan));
    ck_assert_int_eq((int)denseblock_plan_backend(plan), (int)DENSEBLOCK_BACKEND_CPU);
    denseblock_plan_destroy(plan);
    check_quiet(words);
}

START_TEST(what_is_missing_is_told) {
    check_missing((struct cuda_double_machine){.driver_version = -1}, "no NVIDIA driver");
    check_missing((struct cuda_double_machine){.driver_version = 11080},
                  "install a newer driver");
    check_missing((struct cuda_double_machine){.devices = -1}, "driver found, but no GPU");
    check_missing((struct cuda_double_machine){.no_image = true, .compute_capability = 52},
                  "GPU 0 is sm_52, and this build has code for");
}
END_TEST

START_TEST(a_gpu_that_works_is_described_and_chosen) {
    begin_quietly();
    denseblock_device device;
    denseblock_cuda cuda;
    ck_ok(denseblock_device_query(0, &device));
    ck_assert_msg(device.usable, "%s", device.problem);
    ck_assert_int_eq(device.compute_capability, 90);
    denseblock_cuda_query(&cuda);
    ck_assert_ptr_nonnull(strstr(cuda.condition, "1 GPU found"));
    ck_ok(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDA));
    ck_assert_int_eq((int)denseblock_backend_auto(), (int)DENSEBLOCK_BACKEND_CUDA);
    denseblock_context *context;
    ck_fails(denseblock_context_create(DENSEBLOCK_BACKEND_CUDA, 1, &context),
             DENSEBLOCK_INVALID_ARGUMENT, "no device 1: this machine has GPUs 0 to 0");
    check_quiet("description");
}
END_TEST

/* ---- What others do to the same thread, and what is left for others ---- */

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

START_TEST(a_context_is_destroyed_when_its_work_is_done) {
    enum { COUNT = 1000 };
    denseblock_context *context;
    unsigned char *device, *pinned;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_assert_int_eq(cudaMalloc((void **)&device, COUNT), cudaSuccess);
    ck_assert_int_eq(cudaMemset(device, 7, COUNT), cudaSuccess);
    ck_assert_int_eq(cudaDeviceSynchronize(), cudaSuccess);
    ck_assert_int_eq(cudaMallocHost((void **)&pinned, COUNT), cudaSuccess);
    ck_ok(denseblock_copy(context, DENSEBLOCK_DOWNLOAD, pinned, COUNT, device, COUNT, COUNT, 1));
    denseblock_context_destroy(context);
    ck_assert_uint_eq(pinned[0], 7);
    ck_assert_uint_eq(pinned[COUNT - 1], 7);
    ck_assert_int_eq(cudaFreeHost(pinned), cudaSuccess);
    ck_assert_int_eq(cudaFree(device), cudaSuccess);
    check_quiet("destruction");
}
END_TEST

/* Rows of 3 bytes: 4 or 3 apart here, 5 or 3 there. */
START_TEST(rows_are_copied_with_and_without_gaps) {
    enum { ROWS = 9, ROW = 3 };
    denseblock_context *context;
    denseblock_buffers *buffers;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_ok(denseblock_buffers_create(false, &buffers));
    for (int way = 0; way < 4; way++) {
        const size_t host = way & 1 ? ROW : 4, device = way & 2 ? ROW : 5;
        unsigned char from[ROWS * 4], to[ROWS * 4];
        void *first, *second;
        for (size_t i = 0; i < sizeof from; i++)
            from[i] = (unsigned char)i;
        memset(to, 0xEE, sizeof to);
        ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, ROWS * 5,
                                          "first", &first));
        ck_ok(denseblock_buffers_allocate(buffers, context, DENSEBLOCK_MEMORY_DEVICE, ROWS * 5,
                                          "second", &second));
        ck_ok(denseblock_copy(context, DENSEBLOCK_UPLOAD, first, device, from, host, ROW, ROWS));
        ck_ok(denseblock_copy(context, DENSEBLOCK_WITHIN, second, ROW, first, device, ROW, ROWS));
        ck_ok(denseblock_copy(context, DENSEBLOCK_WITHIN, first, device, second, ROW, ROW, ROWS));
        ck_ok(denseblock_copy(context, DENSEBLOCK_DOWNLOAD, to, host, first, device, ROW, ROWS));
        ck_ok(denseblock_context_synchronize(context));
        for (size_t i = 0; i < (size_t)ROWS * host; i++)
            ck_assert_uint_eq(to[i], i % host < ROW ? from[i] : 0xEE);
        ck_ok(denseblock_buffers_free(buffers, first));
        ck_ok(denseblock_buffers_free(buffers, second));
    }
    denseblock_buffers_destroy(buffers);
    denseblock_context_destroy(context);
    check_quiet("rows");
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

/* Nothing but the return of denseblock_weights_prepare lies between the two streams. */
START_TEST(prepared_weights_are_complete_at_the_return) {
    struct sample sample;
    struct ready ready;
    denseblock_context *other;
    sample_make(&sample);
    begin_quietly();
    get_ready(&sample, 0, &ready);
    ck_ok(denseblock_context_create(tested, 0, &other));
    const denseblock_desc *desc = &sample.fixture.desc;
    const void *kernels[FIXTURE_MAX_LAYERS];
    int64_t channels = desc->channels;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const size_t bytes =
            (size_t)(layer->kernel_height * layer->kernel_width * channels * layer->growth) *
            sizeof(float);
        void *kernel = allocate(&ready, bytes);
        ck_ok(denseblock_copy(ready.context, DENSEBLOCK_UPLOAD, kernel, bytes,
                              sample.fixture.kernels[l], bytes, bytes, 1));
        kernels[l] = kernel;
        channels += layer->growth;
    }
    const size_t weights = denseblock_plan_weights_bytes(ready.plan);
    ck_assert_int_eq(cudaMemset(ready.prepared, 0, weights), cudaSuccess);
    ck_assert_int_eq(cudaDeviceSynchronize(), cudaSuccess);
    ck_ok(denseblock_weights_prepare(ready.context, ready.plan, kernels, ready.prepared));
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

START_TEST(a_plan_that_is_made_can_be_executed) {
    const denseblock_layer layer = {.kernel_height = 3, .kernel_width = 3, .growth = 12};
    const denseblock_desc desc = {.batch = 1 << 15,
                                  .height = 256,
                                  .width = 256,
                                  .channels = 4,
                                  .layer_count = 1,
                                  .layers = &layer,
                                  .type = DENSEBLOCK_F16};
    denseblock_plan *plan;
    begin_quietly();
    ck_ok(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_CUDA, NULL, &plan));
    const char *words = strstr(denseblock_plan_describe(plan), "images at a time");
    ck_assert_ptr_nonnull(words);
    ck_assert_msg(strstr(denseblock_plan_describe(plan), "32768 images at a time") == NULL, "%s",
                  denseblock_plan_describe(plan));
    denseblock_plan_destroy(plan);
    denseblock_desc large = desc;
    large.batch = 1;
    large.height = large.width = 1 << 15; /* with its row of zeros beyond 2^30 */
    ck_fails(denseblock_plan_create(&large, DENSEBLOCK_BACKEND_CUDA, NULL, &plan),
             DENSEBLOCK_UNSUPPORTED, "pixels at once");
}
END_TEST

START_TEST(auto_asks_the_gpu_that_is_meant) {
    const denseblock_layer layer = {.kernel_height = 1, .kernel_width = 1, .growth = 1};
    const denseblock_desc desc = {
        .batch = 1, .height = 1, .width = 1, .channels = 1, .layer_count = 1, .layers = &layer};
    denseblock_plan *plan;
    const struct cuda_double_machine two = {.devices = 2};
    cuda_double_begin(&two);
    ck_ok(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO,
                                 &(denseblock_plan_options){.device = 1}, &plan));
    ck_assert_int_eq((int)denseblock_plan_backend(plan), (int)DENSEBLOCK_BACKEND_CUDA);
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "GPU 1"));
    denseblock_plan_destroy(plan);
    ck_fails(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO,
                                    &(denseblock_plan_options){.device = 2}, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "device 2");
}
END_TEST

/* ---- cuBLAS ---- */

START_TEST(only_this_backend_is_lost_without_cublas) {
    denseblock_context *context;
    begin_quietly();
    ck_ok(denseblock_backend_check(DENSEBLOCK_BACKEND_CUBLAS));
    cuda_double_fail("dlopen", 1, cudaErrorUnknown);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUBLAS), DENSEBLOCK_UNAVAILABLE,
             "cublas backend: cuBLAS was not found, neither libcublas.so.13 nor libcublas.so.12");
    cuda_double_fail("dlopen", 1, cudaErrorUnknown);
    ck_fails(denseblock_context_create(DENSEBLOCK_BACKEND_CUBLAS, 0, &context),
             DENSEBLOCK_UNAVAILABLE, "neither libcublas.so.13 nor libcublas.so.12");
    cuda_double_fail("dlsym", 2, cudaErrorUnknown);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUBLAS), DENSEBLOCK_UNAVAILABLE,
             "has no function cublasDestroy_v2");
    cuda_double_fail("dlopen", 1, cudaErrorUnknown);
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CUDA, 0, &context));
    denseblock_context_destroy(context);
    check_quiet("without cuBLAS");
}
END_TEST

START_TEST(its_version_is_told_and_it_is_nobodys_automatic_choice) {
    denseblock_cuda cuda;
    begin_quietly();
    denseblock_cuda_query(&cuda);
    ck_assert_int_ge(cuda.cublas_version, 120000);
    ck_assert_int_eq((int)denseblock_backend_auto(), (int)DENSEBLOCK_BACKEND_CUDA);
}
END_TEST

START_TEST(an_error_of_cublas_is_told_with_its_text) {
    static const struct {
        const char *function;
        cudaError_t error;
        denseblock_status status;
        const char *words;
    } failures[] = {
        {"cublasCreate_v2", cudaErrorMemoryAllocation, DENSEBLOCK_OUT_OF_MEMORY,
         "cublasCreate failed: the resource allocation failed"},
        {"cublasSetWorkspace_v2", cudaErrorInvalidValue, DENSEBLOCK_DEVICE_FAILED,
         "cublasSetWorkspace failed: an invalid value was used as input"},
        {"cublasGemmEx", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "cublasGemmEx failed: the function failed to launch on the GPU"},
    };
    struct sample sample;
    sample_make(&sample);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        begin_quietly();
        cuda_double_fail(failures[i].function, 1, failures[i].error);
        ck_fails(cuda_case_run(&sample.block), failures[i].status, failures[i].words);
        check_quiet(failures[i].function);
    }
    sample_free(&sample);
}
END_TEST

Suite *suite(void) {
    failing_memory_ignore(cuda_double_is_inside);
    const TTest *const both[] = {
        every_failing_call_gives_a_status_and_leaves_nothing,
        so_does_every_failing_allocation_of_the_host,
        so_it_does_where_there_are_no_memory_pools,
        an_error_on_the_gpu_is_found_at_the_latest_when_it_is_waited_for,
        too_little_memory_is_told_with_the_bytes,
        a_forward_enqueues_and_does_nothing_else,
        a_caller_can_capture_a_forward_in_a_graph_of_his_own,
        a_context_of_another_gpu_leaves_the_current_one_alone,
        prepared_weights_serve_every_stream,
        buffers_on_a_gpu_are_accounted_for,
        the_free_memory_of_a_gpu_is_known,
        what_is_missing_is_told,
        an_old_error_of_the_caller_is_not_taken_for_ours,
        a_context_is_destroyed_when_its_work_is_done,
        rows_are_copied_with_and_without_gaps,
        everything_happens_on_the_gpu_of_the_context,
        prepared_weights_are_complete_at_the_return,
        a_plan_for_another_gpu_is_refused,
        NULL,
    };
    const TTest *const of_cuda[] = {
        a_gpu_that_works_is_described_and_chosen,
        a_plan_that_is_made_can_be_executed,
        auto_asks_the_gpu_that_is_meant,
        NULL,
    };
    const TTest *const of_cublas[] = {
        only_this_backend_is_lost_without_cublas,
        its_version_is_told_and_it_is_nobodys_automatic_choice,
        an_error_of_cublas_is_told_with_its_text,
        NULL,
    };
    return suite_of_backends("cuda_runtime", both, of_cuda, of_cublas);
}
