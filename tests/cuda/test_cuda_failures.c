/* Every call of CUDA, cuBLAS and cuDNN, every allocation and every operation on the GPU is made to fail: each
 * time there is a status and a message, and nothing is left behind. On the runtime double. */
#include <stdlib.h>
#include <string.h>

#include "backends.h"
#include "cuda_case.h"
#include "failing_memory.h"
#include "on_double.h"
#include "sample.h"

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
                                        "cublasGemmStridedBatchedEx",
                                        "cublasDestroy_v2",
                                        "cudnnCreate",
                                        "cudnnSetStream",
                                        "cudnnBackendCreateDescriptor",
                                        "cudnnBackendSetAttribute",
                                        "cudnnBackendGetAttribute",
                                        "cudnnBackendFinalize",
                                        "cudnnBackendExecute",
                                        "cudnnBackendDestroyDescriptor",
                                        "cudnnDestroy",
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

/* Returns how many calls could be made to fail. */
static long fail_calls(struct sample *sample, const struct cuda_double_machine *machine,
                       cudaError_t error) {
    long failures = 0;
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        for (long n = 1; fail_call(sample, machine, functions[f], n, error); n++)
            failures++;
    return failures;
}

static void fail_every_call(const struct cuda_double_machine *machine,
                            const denseblock_plan_options *options, bool graph, cudaError_t error,
                            long least) {
    struct sample sample;
    if (options != NULL && options->algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2)
        sample_make_winograd(&sample);
    else
        sample_make(&sample);
    sample.block.options = options;
    sample.block.graph = graph;
    ck_assert_int_ge(fail_calls(&sample, machine, error), least);
    sample_free(&sample);
}

START_TEST(every_failing_call_gives_a_status_and_leaves_nothing) {
    fail_every_call(NULL, NULL, false, cudaErrorUnknown, 60);
    fail_every_call(NULL, NULL, true, cudaErrorMemoryAllocation, 60);
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

/* Libraries need more than what the sample's limit leaves beside the hidden channels. */
START_TEST(so_do_both_in_a_residual_block) {
    struct sample sample;
    cuda_double_begin(NULL);
    sample_make_residual(&sample);
    if (tested != DENSEBLOCK_BACKEND_CUDA)
        sample.block.options = NULL;
    ck_assert_int_ge(fail_calls(&sample, NULL, cudaErrorUnknown), 60);
    sample.block.graph = true;
    ck_assert_int_ge(fail_calls(&sample, NULL, cudaErrorUnknown), 60);
    ck_assert_int_gt(fail_each_allocation(run_anew, &sample.block), 13);
    sample_free(&sample);
}
END_TEST

START_TEST(so_it_does_where_there_are_no_memory_pools) {
    const struct cuda_double_machine machine = {.no_pools = true};
    fail_every_call(&machine, NULL, false, cudaErrorMemoryAllocation, 60);
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

/* A call that fails, and what is told. */
struct failure {
    const char *function;
    cudaError_t error;
    denseblock_status status;
    const char *words;
};

static void check_errors(const struct failure *failures, size_t count) {
    struct sample sample;
    sample_make(&sample);
    for (size_t i = 0; i < count; i++) {
        begin_quietly();
        cuda_double_fail(failures[i].function, 1, failures[i].error);
        ck_fails(cuda_case_run(&sample.block), failures[i].status, failures[i].words);
        check_quiet(failures[i].function);
    }
    sample_free(&sample);
}

START_TEST(an_error_of_cublas_is_told_with_its_text) {
    static const struct failure failures[] = {
        {"cublasCreate_v2", cudaErrorMemoryAllocation, DENSEBLOCK_OUT_OF_MEMORY,
         "cublasCreate failed: the resource allocation failed"},
        {"cublasSetWorkspace_v2", cudaErrorInvalidValue, DENSEBLOCK_DEVICE_FAILED,
         "cublasSetWorkspace failed: an invalid value was used as input"},
        {"cublasGemmEx", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "cublasGemmEx failed: the function failed to launch on the GPU"},
    };
    check_errors(failures, sizeof failures / sizeof failures[0]);
}
END_TEST

START_TEST(every_failing_call_of_winograd_does_too) {
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    fail_every_call(NULL, &options, false, cudaErrorUnknown, 60);
}
END_TEST

START_TEST(an_error_of_cudnn_is_told_with_its_text) {
    static const struct failure failures[] = {
        {"cudnnCreate", cudaErrorMemoryAllocation, DENSEBLOCK_OUT_OF_MEMORY,
         "cudnnCreate failed: CUDNN_STATUS_INTERNAL_ERROR_"},
        {"cudnnBackendSetAttribute", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "cudnnBackendSetAttribute failed: CUDNN_STATUS_"},
        {"cudnnBackendExecute", cudaErrorUnknown, DENSEBLOCK_DEVICE_FAILED,
         "cudnnBackendExecute failed: CUDNN_STATUS_"},
    };
    check_errors(failures, sizeof failures / sizeof failures[0]);
}
END_TEST

/* In TF32 the double's engines have the ReLU in their graph; those of this environment write no
 * strided outputs. */
START_TEST(every_failing_call_of_other_forms_does_too) {
    struct sample sample;
    sample_make(&sample);
    sample.fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    sample.tolerance = 1e-2F;
    ck_assert_int_ge(fail_calls(&sample, NULL, cudaErrorUnknown), 60);
    sample.block.y_shift = 1;
    ck_assert_int_ge(fail_calls(&sample, NULL, cudaErrorUnknown), 60);
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CUDNN", "packed", 1), 0);
    ck_assert_int_ge(fail_calls(&sample, NULL, cudaErrorUnknown), 60);
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_CUDNN"), 0);
    sample_free(&sample);
}
END_TEST

Suite *suite(void) {
    failing_memory_ignore(cuda_double_is_inside);
    const TTest *const all[] = {every_failing_call_gives_a_status_and_leaves_nothing,
                                so_does_every_failing_allocation_of_the_host,
                                so_do_both_in_a_residual_block,
                                so_it_does_where_there_are_no_memory_pools,
                                an_error_on_the_gpu_is_found_at_the_latest_when_it_is_waited_for,
                                too_little_memory_is_told_with_the_bytes,
                                NULL};
    const TTest *const of_cuda[] = {every_failing_call_of_winograd_does_too, NULL};
    const TTest *const of_cublas[] = {an_error_of_cublas_is_told_with_its_text,
                                      every_failing_call_of_winograd_does_too, NULL};
    const TTest *const of_cudnn[] = {an_error_of_cudnn_is_told_with_its_text,
                                     every_failing_call_of_other_forms_does_too, NULL};
    return suite_of_backends("cuda_failures", all, of_cuda, of_cublas, of_cudnn);
}
