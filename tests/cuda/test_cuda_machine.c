/* What a machine must have, and what is told where it has not. On the runtime double. */
#include "backends.h"
#include "cublas_double.h"
#include "cudnn_double.h"
#include "on_double.h"

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

START_TEST(auto_asks_the_gpu_that_is_meant) {
    const denseblock_layer layer = {.kernel_height = 1, .kernel_width = 1, .growth = 1};
    const denseblock_desc desc = {
        .batch = 1, .height = 1, .width = 1, .channels = 1, .layer_count = 1, .layers = &layer};
    denseblock_plan *plan;
    const struct cuda_double_machine two = {.devices = 2, .first_usable = 1};
    cuda_double_begin(&two);
    ck_assert_int_eq((int)denseblock_backend_auto(), (int)DENSEBLOCK_BACKEND_CPU); /* GPU 0 */
    ck_ok(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO,
                                 &(denseblock_plan_options){.device = 1}, &plan));
    ck_assert_int_eq((int)denseblock_plan_backend(plan), (int)DENSEBLOCK_BACKEND_CUDA);
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "GPU 1"));
    denseblock_plan_destroy(plan);
    ck_fails(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO,
                                    &(denseblock_plan_options){.device = 2}, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "CPU backends run on the processor");
    cuda_double_begin(&(struct cuda_double_machine){.devices = 2});
    ck_fails(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO,
                                    &(denseblock_plan_options){.device = 2}, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "no device 2: this machine has GPUs 0 to 1");
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

START_TEST(only_this_backend_is_lost_without_cudnn) {
    denseblock_context *context;
    begin_quietly();
    ck_ok(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDNN));
    cuda_double_fail("dlopen", 1, cudaErrorUnknown);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDNN), DENSEBLOCK_UNAVAILABLE,
             "cudnn backend: cuDNN was not found, there is no libcudnn.so.9");
    cuda_double_fail("dlopen", 1, cudaErrorUnknown);
    ck_fails(denseblock_context_create(DENSEBLOCK_BACKEND_CUDNN, 0, &context),
             DENSEBLOCK_UNAVAILABLE, "there is no libcudnn.so.9");
    cuda_double_fail("dlsym", 2, cudaErrorUnknown);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDNN), DENSEBLOCK_UNAVAILABLE,
             "has no function cudnnDestroy");
    cuda_double_fail("dlopen", 1, cudaErrorUnknown);
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CUDA, 0, &context));
    denseblock_context_destroy(context);
    check_quiet("without cuDNN");
}
END_TEST

START_TEST(another_major_version_of_cublas_is_refused) {
    begin_quietly();
    cublas_double_version(11);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUBLAS), DENSEBLOCK_UNAVAILABLE,
             "says that its version is 11: install cuBLAS 12 or 13");
    cublas_double_version(12);
    ck_ok(denseblock_backend_check(DENSEBLOCK_BACKEND_CUBLAS));
    cublas_double_version(0);
    check_quiet("versions of cuBLAS");
}
END_TEST

START_TEST(another_major_version_is_refused_and_this_one_is_told) {
    denseblock_cuda cuda;
    begin_quietly();
    denseblock_cuda_query(&cuda);
    ck_assert_int_ge(cuda.cudnn_version, 90000);
    ck_assert_int_eq((int)denseblock_backend_auto(), (int)DENSEBLOCK_BACKEND_CUDA);
    cudnn_double_version(8907);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDNN), DENSEBLOCK_UNAVAILABLE,
             "says that its version is 8907: install cuDNN 9");
    cudnn_double_version(100000);
    ck_fails(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDNN), DENSEBLOCK_UNAVAILABLE,
             "says that its version is 100000");
    cudnn_double_version(0);
    ck_ok(denseblock_backend_check(DENSEBLOCK_BACKEND_CUDNN));
    check_quiet("versions of cuDNN");
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {what_is_missing_is_told, NULL};
    const TTest *const of_cuda[] = {a_gpu_that_works_is_described_and_chosen,
                                    auto_asks_the_gpu_that_is_meant,
                                    a_plan_that_is_made_can_be_executed, NULL};
    const TTest *const of_cublas[] = {
        only_this_backend_is_lost_without_cublas, another_major_version_of_cublas_is_refused,
        its_version_is_told_and_it_is_nobodys_automatic_choice, NULL};
    const TTest *const of_cudnn[] = {only_this_backend_is_lost_without_cudnn,
                                     another_major_version_is_refused_and_this_one_is_told, NULL};
    return suite_of_backends("cuda_machine", all, of_cuda, of_cublas, of_cudnn);
}
