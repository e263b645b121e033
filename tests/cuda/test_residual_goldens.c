/* The cases of residual blocks on the backends of GPUs. */
#include "backends.h"
#include "goldens.h"
#include "on_double.h"

static void check_all(const denseblock_plan_options *options) {
    const struct golden_choice choice = {.residual = true, .options = options};
    begin_quietly();
    ck_assert_int_eq(check_goldens(&choice), 9);
}

START_TEST(it_reproduces_every_residual_case) {
    check_all(NULL);
}
END_TEST

START_TEST(so_it_does_directly) {
    check_all(&(denseblock_plan_options){.algorithm = DENSEBLOCK_ALGORITHM_DIRECT});
}
END_TEST

static bool is_3x3(const denseblock_desc *desc) {
    return desc->layers[0].kernel_height == 3 && desc->layers[0].kernel_width == 3;
}

/* In f32 on ordinary cores, and on tensor cores where the backend has three products of TF32. */
START_TEST(so_it_does_by_winograd) {
    static const denseblock_arithmetic arithmetics[] = {DENSEBLOCK_ARITHMETIC_FULL,
                                                        DENSEBLOCK_ARITHMETIC_TF32X3};
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    begin_quietly();
    for (int a = 0; a < 2; a++) {
        const struct golden_choice choice = {
            .residual = true, .suits = is_3x3, .of_f32 = arithmetics[a], .options = &options};
        ck_assert_int_eq(check_goldens(&choice), 6);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const all[] = {it_reproduces_every_residual_case, so_it_does_directly, NULL};
    const TTest *const of_winograd[] = {so_it_does_by_winograd, NULL};
    const TTest *const none[] = {NULL};
    return suite_of_backends("residual_goldens", all, of_winograd, of_winograd, none);
}
