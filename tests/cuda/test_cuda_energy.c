/* The joules that a GPU counts, through NVML. On the runtime double, where only work takes any. */
#include <stdlib.h>

#include "backends.h"
#include "nvml_double.h"
#include "on_double.h"
#include "sample.h"

static double joules_of(denseblock_context *context) {
    double joules = -1;
    ck_ok(denseblock_context_energy(context, &joules));
    return joules;
}

START_TEST(joules_are_those_of_the_work_that_is_done) {
    struct sample sample;
    struct ready ready;
    begin_quietly();
    sample_make(&sample);
    get_ready(&sample, 0, &ready);
    const double before = joules_of(ready.context);
    ck_assert_double_ge(before, NVML_DOUBLE_FIRST_JOULES);
    ck_ok(forward(&ready));
    /* It has waited for nothing: the double does not work before somebody waits. */
    ck_assert_double_eq(joules_of(ready.context), before);
    const long operations = cuda_double_calls("execution");
    ck_ok(denseblock_context_synchronize(ready.context));
    const long done = cuda_double_calls("execution") - operations;
    ck_assert_int_ge(done, 2);
    const double after = joules_of(ready.context);
    ck_assert_double_eq(after - before, (double)(done * NVML_DOUBLE_OPERATION_JOULES));
    ck_assert_double_eq(joules_of(ready.context), after);
    ck_assert_int_eq(cuda_double_calls("nvmlInit_v2"), 1);
    let_go(&ready);
    sample_free(&sample);
    check_quiet("a forward");
}
END_TEST

/* NVML would number them the other way round. */
START_TEST(a_gpu_is_found_by_its_place_and_not_by_its_number) {
    enum { DEVICES = 3 };
    struct sample sample;
    struct ready ready[DEVICES];
    cuda_double_begin(&(struct cuda_double_machine){.devices = DEVICES});
    emulator_clear();
    sample_make(&sample);
    double before[DEVICES];
    for (int d = 0; d < DEVICES; d++)
        get_ready(&sample, d, &ready[d]);
    for (int d = 0; d < DEVICES; d++) {
        before[d] = joules_of(ready[d].context);
        ck_assert_double_ge(before[d], (d + 1) * NVML_DOUBLE_FIRST_JOULES);
        ck_assert_double_lt(before[d], (d + 2) * NVML_DOUBLE_FIRST_JOULES);
    }
    ck_ok(forward(&ready[2]));
    ck_ok(denseblock_context_synchronize(ready[2].context));
    ck_assert_double_eq(joules_of(ready[0].context), before[0]);
    ck_assert_double_eq(joules_of(ready[1].context), before[1]);
    ck_assert_double_gt(joules_of(ready[2].context), before[2]);
    for (int d = 0; d < DEVICES; d++)
        let_go(&ready[d]);
    sample_free(&sample);
    check_quiet("three GPUs");
}
END_TEST

/* What the context says, and the query of the device; and that the next call asks anew. */
static void check_unsupported(const char *nvml, const struct cuda_double_machine *machine,
                              const char *words) {
    denseblock_context *context;
    denseblock_device device;
    double joules = -1;
    ck_assert_int_eq(setenv("CUDA_DOUBLE_NVML", nvml, 1), 0);
    cuda_double_begin(machine);
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_fails(denseblock_context_energy(context, &joules), DENSEBLOCK_UNSUPPORTED, words);
    ck_assert_double_eq(joules, 0);
    ck_ok(denseblock_device_query(0, &device));
    ck_assert(device.usable && !device.energy_counted);
    ck_assert_str_eq(device.energy_problem, denseblock_last_error());
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_NVML"), 0);
    if (machine == NULL) {
        ck_ok(denseblock_context_energy(context, &joules));
        ck_ok(denseblock_device_query(0, &device));
        ck_assert(device.energy_counted);
        ck_assert_str_eq(device.energy_problem, "");
    }
    denseblock_context_destroy(context);
    check_quiet(words);
}

START_TEST(where_nothing_is_counted_it_is_told_why) {
    check_unsupported("missing", NULL, "NVML was not found, there is no libnvidia-ml.so.1");
    check_unsupported("old", NULL, "GPU 0 does not count its energy");
    check_unsupported("divided", NULL, "GPU 0 is divided (MIG)");
    check_unsupported("", &(struct cuda_double_machine){.compute_capability = 61},
                      "those from Volta on do");
}
END_TEST

START_TEST(gpus_that_cannot_be_divided_count_it_too) {
    denseblock_context *context;
    cuda_double_begin(&(struct cuda_double_machine){.compute_capability = 75});
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_assert_double_ge(joules_of(context), NVML_DOUBLE_FIRST_JOULES);
    denseblock_context_destroy(context);
    check_quiet("sm_75");
}
END_TEST

START_TEST(an_error_of_nvml_is_told_with_its_text) {
    static const struct {
        const char *function;
        cudaError_t error;
        denseblock_status status;
        const char *words;
    } failures[] = {
        {"nvmlInit_v2", cudaErrorNotPermitted, DENSEBLOCK_UNSUPPORTED,
         "nvmlInit failed: Insufficient Permissions"},
        {"nvmlDeviceGetHandleByPciBusId_v2", cudaErrorMemoryAllocation, DENSEBLOCK_OUT_OF_MEMORY,
         "nvmlDeviceGetHandleByPciBusId failed: Insufficient Memory"},
        {"nvmlDeviceGetMigMode", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "nvmlDeviceGetMigMode failed: Unknown Error"},
        {"nvmlDeviceGetTotalEnergyConsumption", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "nvmlDeviceGetTotalEnergyConsumption failed: Unknown Error"},
        {"cudaDeviceGetPCIBusId", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "cudaDeviceGetPCIBusId failed: "},
        {"dlsym", cudaErrorUnknown, DENSEBLOCK_UNSUPPORTED,
         "libnvidia-ml.so.1, has no function nvmlInit_v2: install a newer driver"},
    };
    denseblock_context *context;
    double joules = -1;
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        begin_quietly();
        ck_ok(denseblock_context_create(tested, 0, &context));
        cuda_double_fail(failures[i].function, 1, failures[i].error);
        ck_fails(denseblock_context_energy(context, &joules), failures[i].status,
                 failures[i].words);
        ck_ok(denseblock_context_energy(context, &joules));
        denseblock_context_destroy(context);
        check_quiet(failures[i].function);
    }
}
END_TEST

/* Two readings, where the n-th call of the function fails. Whether there was such a call. */
static bool fail_call(const char *function, long n) {
    denseblock_context *context;
    double joules[2] = {-1, -1};
    char what[96];
    snprintf(what, sizeof what, "%s, call %ld", function, n);
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    const long calls = cuda_double_calls(function);
    cuda_double_fail(function, n, cudaErrorUnknown);
    denseblock_status status = denseblock_context_energy(context, &joules[0]);
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_energy(context, &joules[1]);
    ck_assert_msg(cudaGetLastError() == cudaSuccess, "%s: CUDA's last error stays", what);
    denseblock_context_destroy(context);
    const bool happened = cuda_double_calls(function) - calls >= n;
    const bool reads = strcmp(function, "nvmlShutdown") != 0;
    ck_assert_msg((status == DENSEBLOCK_OK) == !(happened && reads), "%s: the status is '%s'",
                  what, denseblock_status_string(status));
    if (status != DENSEBLOCK_OK) {
        ck_assert_msg(denseblock_last_error()[0] != 0, "%s: no message", what);
        ck_assert_double_eq(joules[joules[1] == -1 ? 0 : 1], 0);
    }
    check_quiet(what);
    return happened;
}

START_TEST(every_failing_call_gives_a_status_and_leaves_nothing) {
    static const struct {
        const char *function;
        long calls; /* of two readings */
    } table[] = {
        {"dlopen", 1},
        {"dlsym", 6},
        {"nvmlInit_v2", 1},
        {"cudaDeviceGetPCIBusId", 1},
        {"nvmlDeviceGetHandleByPciBusId_v2", 1},
        {"nvmlDeviceGetMigMode", 1},
        {"nvmlDeviceGetTotalEnergyConsumption", 2},
        {"nvmlShutdown", 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        long n = 0;
        while (fail_call(table[i].function, n + 1))
            n++;
        ck_assert_msg(n == table[i].calls, "%s: %ld calls", table[i].function, n);
    }
}
END_TEST

START_TEST(who_does_not_ask_does_not_open_nvml) {
    denseblock_context *context;
    begin_quietly();
    ck_ok(denseblock_context_create(tested, 0, &context));
    denseblock_context_destroy(context);
    ck_assert_int_eq(cuda_double_calls("nvmlInit_v2"), 0);
    check_quiet("no reading");
}
END_TEST

START_TEST(arguments_are_checked_and_cpu_contexts_refuse) {
    denseblock_context *context;
    double joules = -1;
    begin_quietly();
    ck_fails(denseblock_context_energy(NULL, &joules), DENSEBLOCK_INVALID_ARGUMENT,
             "context is NULL");
    ck_ok(denseblock_context_create(tested, 0, &context));
    ck_fails(denseblock_context_energy(context, NULL), DENSEBLOCK_INVALID_ARGUMENT,
             "joules is NULL");
    denseblock_context_destroy(context);
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CPU, 0, &context));
    ck_fails(denseblock_context_energy(context, &joules), DENSEBLOCK_UNSUPPORTED,
             "energy is counted on NVIDIA GPUs only: the cpu backend runs on the CPU");
    ck_assert_double_eq(joules, 0);
    denseblock_context_destroy(context);
    check_quiet("arguments");
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {joules_are_those_of_the_work_that_is_done,
                                a_gpu_is_found_by_its_place_and_not_by_its_number, NULL};
    const TTest *const of_cuda[] = {where_nothing_is_counted_it_is_told_why,
                                    gpus_that_cannot_be_divided_count_it_too,
                                    an_error_of_nvml_is_told_with_its_text,
                                    every_failing_call_gives_a_status_and_leaves_nothing,
                                    who_does_not_ask_does_not_open_nvml,
                                    arguments_are_checked_and_cpu_contexts_refuse,
                                    NULL};
    const TTest *const none[] = {NULL};
    return suite_of_backends("cuda_energy", all, of_cuda, none, none);
}
