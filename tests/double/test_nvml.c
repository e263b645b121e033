/* Suite: NVML on the double. */
#include <stdlib.h>

#include "device/nvml_library.h"
#include "nvml_double.h"
#include "test_kernels.h"

static unsigned long long joules_of(nvmlDevice_t board) {
    unsigned long long millijoules = 0;
    ck_assert_int_eq(nvmlDeviceGetTotalEnergyConsumption(board, &millijoules), NVML_SUCCESS);
    return millijoules / 1000;
}

static nvmlDevice_t board_of(int device) {
    char id[32];
    nvmlDevice_t board = NULL;
    ck_cuda(cudaDeviceGetPCIBusId(id, sizeof id, device));
    ck_assert_int_eq(nvmlDeviceGetHandleByPciBusId_v2(id, &board), NVML_SUCCESS);
    return board;
}

START_TEST(devices_have_places_on_the_bus) {
    char id[32], other[32];
    nvmlDevice_t board = NULL;
    cuda_double_begin(&(struct cuda_double_machine){.devices = 2});
    ck_cuda(cudaDeviceGetPCIBusId(id, sizeof id, 0));
    ck_assert_str_eq(id, "0000:c1:00.0");
    ck_cuda(cudaDeviceGetPCIBusId(other, 13, 1));
    ck_assert_str_eq(other, "0000:b1:00.0");
    ck_error(cudaDeviceGetPCIBusId(id, 12, 0), cudaErrorInvalidValue);
    ck_error(cudaDeviceGetPCIBusId(id, sizeof id, 2), cudaErrorInvalidDevice);
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    ck_assert_ptr_ne(board_of(0), board_of(1));
    ck_assert_int_eq(nvmlDeviceGetHandleByPciBusId_v2("0000:a1:00.0", &board),
                     NVML_ERROR_NOT_FOUND);
    ck_assert_int_eq(nvmlShutdown(), NVML_SUCCESS);
    ck_no_mistakes();
}
END_TEST

START_TEST(work_takes_energy_where_it_runs) {
    cuda_double_begin(&(struct cuda_double_machine){.devices = 2});
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    nvmlDevice_t first = board_of(0), second = board_of(1);
    ck_assert_uint_eq(joules_of(first), NVML_DOUBLE_FIRST_JOULES);
    ck_assert_uint_eq(joules_of(second), 2 * NVML_DOUBLE_FIRST_JOULES);
    ck_cuda(cudaSetDevice(1));
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    launch_store(NULL, 0, 0, stream);
    ck_assert_uint_eq(joules_of(second), 2 * NVML_DOUBLE_FIRST_JOULES); /* nobody has waited */
    ck_cuda(cudaStreamSynchronize(stream));
    ck_assert_uint_eq(joules_of(second),
                      2 * NVML_DOUBLE_FIRST_JOULES + NVML_DOUBLE_OPERATION_JOULES);
    ck_assert_uint_eq(joules_of(first), NVML_DOUBLE_FIRST_JOULES);
    ck_assert_int_eq(nvmlShutdown(), NVML_SUCCESS);
}
END_TEST

START_TEST(its_use_begins_and_ends) {
    unsigned long long millijoules;
    cuda_double_begin(NULL);
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    nvmlDevice_t board = board_of(0);
    ck_assert_int_eq(nvmlShutdown(), NVML_SUCCESS);
    ck_assert_str_eq(cuda_double_leaks(), "use of NVML 1, of nvmlInit_v2\n");
    ck_assert_int_eq(nvmlShutdown(), NVML_SUCCESS);
    ck_assert_str_eq(cuda_double_leaks(), "");
    ck_no_mistakes();
    ck_assert_int_eq(nvmlDeviceGetTotalEnergyConsumption(board, &millijoules),
                     NVML_ERROR_UNINITIALIZED);
    ck_mistake("nvmlDeviceGetTotalEnergyConsumption: NVML is not in use");
    ck_assert_int_eq(nvmlShutdown(), NVML_ERROR_UNINITIALIZED);
    ck_mistake("nvmlShutdown: NVML is not in use");
}
END_TEST

START_TEST(what_is_no_gpu_is_a_mistake) {
    unsigned current, pending;
    int none = 0;
    cuda_double_begin(NULL);
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    ck_assert_int_eq(nvmlDeviceGetMigMode((nvmlDevice_t)(void *)&none, &current, &pending),
                     NVML_ERROR_INVALID_ARGUMENT);
    ck_mistake("nvmlDeviceGetMigMode: no GPU");
    ck_assert_int_eq(nvmlShutdown(), NVML_SUCCESS);
}
END_TEST

START_TEST(the_environment_says_what_gpus_cannot) {
    unsigned current = 7, pending = 7;
    unsigned long long millijoules;
    ck_assert_int_eq(setenv("CUDA_DOUBLE_NVML", "old", 1), 0);
    cuda_double_begin(NULL);
    ck_assert(nvml_double_is_here());
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    nvmlDevice_t board = board_of(0);
    ck_assert_int_eq(nvmlDeviceGetTotalEnergyConsumption(board, &millijoules),
                     NVML_ERROR_NOT_SUPPORTED);
    ck_assert_int_eq(nvmlDeviceGetMigMode(board, &current, &pending), NVML_SUCCESS);
    ck_assert_uint_eq(current, 0);
    ck_assert_int_eq(setenv("CUDA_DOUBLE_NVML", "divided", 1), 0);
    ck_assert_int_eq(nvmlDeviceGetMigMode(board, &current, &pending), NVML_SUCCESS);
    ck_assert_uint_eq(current, 1);
    ck_assert_int_eq(setenv("CUDA_DOUBLE_NVML", "missing", 1), 0);
    ck_assert(!nvml_double_is_here());
    ck_assert_int_eq(nvmlShutdown(), NVML_SUCCESS);
}
END_TEST

START_TEST(calls_fail_where_a_test_wants_it) {
    cuda_double_begin(NULL);
    cuda_double_fail("nvmlInit_v2", 1, cudaErrorNotPermitted);
    ck_assert_int_eq(nvmlInit_v2(), NVML_ERROR_NO_PERMISSION);
    ck_assert_str_eq(cuda_double_leaks(), "");
    ck_assert_int_eq(nvmlInit_v2(), NVML_SUCCESS);
    cuda_double_fail("nvmlShutdown", 1, cudaErrorUnknown);
    ck_assert_int_eq(nvmlShutdown(), NVML_ERROR_UNKNOWN);
    ck_assert_str_eq(cuda_double_leaks(), ""); /* the host could do no more */
    ck_cuda(cudaGetLastError());
    cuda_double_begin(&(struct cuda_double_machine){.driver_version = -1});
    ck_assert_int_eq(nvmlInit_v2(), NVML_ERROR_DRIVER_NOT_LOADED);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        devices_have_places_on_the_bus,
        work_takes_energy_where_it_runs,
        its_use_begins_and_ends,
        what_is_no_gpu_is_a_mistake,
        the_environment_says_what_gpus_cannot,
        calls_fail_where_a_test_wants_it,
        NULL,
    };
    return suite_of("double.nvml", tests);
}
