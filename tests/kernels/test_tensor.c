/* Suite: the tensor-core convolution, in the emulator. */
#include "device_case.h"
#include "direct_case.h"
#include "emulator.h"
#include "suite.h"

enum { CASES = 50 }; /* of each form */

static void check_cases(enum dblk_tensor_form form) {
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        const struct direct_case c = random_tensor_case(seed, form);
        check_direct_case(&c);
    }
}

START_TEST(f16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_F16);
}
END_TEST

START_TEST(bf16_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_BF16);
}
END_TEST

START_TEST(tf32_agrees_with_plain_loops) {
    check_cases(DBLK_TENSOR_TF32);
}
END_TEST

START_TEST(three_products_of_tf32_agree_nearly_as_f32_does) {
    check_cases(DBLK_TENSOR_TF32X3);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        f16_agrees_with_plain_loops,
        bf16_agrees_with_plain_loops,
        tf32_agrees_with_plain_loops,
        three_products_of_tf32_agree_nearly_as_f32_does,
        NULL,
    };
    return suite_of("tensor", tests);
}
