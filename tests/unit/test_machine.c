#include "suite.h"

START_TEST(header_and_library_are_of_one_version) {
    char text[32];
    ck_assert_int_eq(denseblock_version(), DENSEBLOCK_VERSION);
    snprintf(text, sizeof text, "%d.%d.%d", DENSEBLOCK_VERSION_MAJOR, DENSEBLOCK_VERSION_MINOR,
             DENSEBLOCK_VERSION_PATCH);
    ck_assert_str_eq(denseblock_version_string(), text);
}
END_TEST

START_TEST(the_cuda_condition_says_which_of_the_three_it_is) {
    const bool built = denseblock_build_info()->cuda_compiler != NULL;
    denseblock_cuda cuda;
    denseblock_cuda_query(&cuda);
    ck_assert_ptr_null(strchr(cuda.condition, '\n'));
    if (!built)
        ck_assert_ptr_nonnull(strstr(cuda.condition, "CPU-only build"));
    else if (cuda.device_count == 0)
        ck_assert_ptr_nonnull(strstr(cuda.condition, " but "));
    else
        ck_assert_ptr_nonnull(strstr(cuda.condition, "found"));
    ck_assert_int_eq(built, cuda.runtime_version != 0);
}
END_TEST

START_TEST(a_device_that_is_not_there_is_refused) {
    denseblock_device device;
    denseblock_cuda cuda;
    denseblock_cuda_query(&cuda);
    const denseblock_status status = denseblock_device_query(cuda.device_count, &device);
    ck_assert_int_eq((int)status, cuda.device_count == 0 ? DENSEBLOCK_UNAVAILABLE
                                                         : DENSEBLOCK_INVALID_ARGUMENT);
    ck_assert_str_ne(denseblock_last_error(), "");
    ck_fails(denseblock_device_query(0, NULL), DENSEBLOCK_INVALID_ARGUMENT, "info is NULL");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        header_and_library_are_of_one_version,
        the_cuda_condition_says_which_of_the_three_it_is,
        a_device_that_is_not_there_is_refused,
        NULL,
    };
    return suite_of("machine", tests);
}
