/* Plans of the cublas backend: what they choose, what they refuse, what they say. */
#include "backends.h"
#include "on_double.h"

START_TEST(what_cublas_cannot_do_is_refused_with_the_plan) {
    const denseblock_layer layer = {.kernel_height = 3, .kernel_width = 3, .growth = 1};
    denseblock_desc desc = {.batch = 1,
                            .height = 1,
                            .width = 1,
                            .channels = 1 << 28,
                            .layer_count = 1,
                            .layers = &layer,
                            .type = DENSEBLOCK_F16};
    denseblock_plan *plan;
    begin_quietly();
    ck_fails(denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNSUPPORTED,
             "layer 0: a sum of 2415919104 products");
    desc.channels = (int64_t)1 << 31;
    ck_fails(denseblock_plan_create(&desc, tested, NULL, &plan), DENSEBLOCK_UNSUPPORTED,
             "y has 2147483649");
    desc.channels = 1;
    const struct {
        denseblock_plan_options options;
        const char *words;
    } refused[] = {
        {{.algorithm = DENSEBLOCK_ALGORITHM_DIRECT, .group_size = 2}, "not groups of 2"},
        {{.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4}, "winograd4 for f32, not for f16"},
        {{.group_size = 2, .workspace_limit = 16384}, "raise the workspace limit of 16384"},
        {{.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2, .workspace_limit = 16384},
         "raise the workspace limit of 16384"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        ck_fails(denseblock_plan_create(&desc, tested, &refused[i].options, &plan),
                 DENSEBLOCK_UNSUPPORTED, refused[i].words);
    desc.type = DENSEBLOCK_F32;
    ck_fails(denseblock_plan_create(
                 &desc, tested,
                 &(denseblock_plan_options){.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4,
                                            .accuracy = DENSEBLOCK_ACCURACY_HIGH},
                 &plan),
             DENSEBLOCK_UNSUPPORTED, "exclude each other");
    const denseblock_layer wide = {.kernel_height = 3, .kernel_width = 5, .growth = 1};
    desc.layers = &wide;
    ck_fails(denseblock_plan_create(
                 &desc, tested,
                 &(denseblock_plan_options){.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2}, &plan),
             DENSEBLOCK_UNSUPPORTED, "layer 0: Winograd algorithms are for 3x3 kernels, not 3x5");
}
END_TEST

/* 2^28 tiles in a call. */
START_TEST(no_call_has_more_tiles_than_it_can_take) {
    const denseblock_layer layer = {.kernel_height = 3, .kernel_width = 3, .growth = 64};
    denseblock_desc desc = {.batch = 1 << 20,
                            .height = 64,
                            .width = 64,
                            .channels = 64,
                            .layer_count = 1,
                            .layers = &layer,
                            .type = DENSEBLOCK_F16};
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                             .workspace_limit = PTRDIFF_MAX};
    denseblock_plan *plan;
    begin_quietly();
    check_description(&desc, &options, "262144 images at a time", NULL);
    desc.batch = 1;
    desc.height = 1 << 29;
    desc.width = 1;
    check_description(&desc, &options, "Winograd F(2x2)", NULL);
    desc.height++;
    ck_fails(denseblock_plan_create(&desc, tested, &options, &plan), DENSEBLOCK_INVALID_ARGUMENT,
             "too large");
    check_description(&desc, NULL, "direct", "Winograd F(");
}
END_TEST

START_TEST(an_empty_batch_has_the_algorithm_that_was_asked_for) {
    const denseblock_layer layers[] = {{.kernel_height = 3, .kernel_width = 3, .growth = 2},
                                       {.kernel_height = 3, .kernel_width = 3, .growth = 2}};
    const denseblock_desc desc = {.height = 4,
                                  .width = 4,
                                  .channels = 2,
                                  .layer_count = 2,
                                  .layers = layers,
                                  .type = DENSEBLOCK_F32};
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                       .group_size = 2};
    begin_quietly();
    check_description(&desc, &options, "layers 0..1 as a group: Winograd F(2x2)", "at a time");
    options = (denseblock_plan_options){0};
    check_description(&desc, &options, "layer 0: direct", "at a time");
}
END_TEST

START_TEST(cublas_computes_in_half_of_the_limit_and_32_mib_at_most) {
    const denseblock_layer layer = {.kernel_height = 1, .kernel_width = 1, .growth = 4};
    const denseblock_desc desc = {.batch = 1,
                                  .height = 1,
                                  .width = 1,
                                  .channels = 16,
                                  .layer_count = 1,
                                  .layers = &layer,
                                  .type = DENSEBLOCK_F32};
    begin_quietly();
    /* Beside it a row of 16 elements, and what aligns it. */
    const size_t limits[] = {0, 1 << 20, 1 << 30};
    const char *const bytes[] = {"workspace 33554688", "workspace 524544", "workspace 33554688"};
    for (int i = 0; i < 3; i++)
        check_description(&desc, &(denseblock_plan_options){.workspace_limit = limits[i]},
                          bytes[i], "1 image at a time");
}
END_TEST

START_TEST(auto_chooses_what_suits_the_type_and_the_limit) {
    static const struct {
        denseblock_type type;
        denseblock_arithmetic arithmetic;
        denseblock_plan_options options;
        const char *has, *has_not;
    } rows[] = {
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, {0}, "Winograd F(4x4) 3x3", "F(2x2)"},
        {DENSEBLOCK_F32,
         DENSEBLOCK_ARITHMETIC_FULL,
         {.accuracy = DENSEBLOCK_ACCURACY_HIGH},
         "Winograd F(2x2) 3x3",
         "F(4x4)"},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32, {0}, "operands in TF32", "F(4x4)"},
        {DENSEBLOCK_F32,
         DENSEBLOCK_ARITHMETIC_TF32,
         {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4},
         "F(4x4)",
         "TF32"},
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, {0}, "F(2x2)", "F(4x4)"},
        {DENSEBLOCK_F32,
         DENSEBLOCK_ARITHMETIC_FULL,
         {.workspace_limit = 1 << 20},
         "direct",
         "Winograd F("},
    };
    denseblock_layer layers[6];
    denseblock_layers_fill(layers, 6, 3, 3, 32);
    begin_quietly();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const denseblock_desc desc = {.batch = 16,
                                      .height = 56,
                                      .width = 56,
                                      .channels = 64,
                                      .layer_count = 6,
                                      .layers = layers,
                                      .type = rows[i].type,
                                      .arithmetic = rows[i].arithmetic};
        check_description(&desc, &rows[i].options, rows[i].has, rows[i].has_not);
    }
}
END_TEST

/* A layer that reads few channels is direct, those behind it are not. */
START_TEST(groups_have_algorithms_of_their_own) {
    denseblock_layer layers[4];
    denseblock_layers_fill(layers, 4, 3, 3, 32);
    const denseblock_desc desc = {.batch = 16,
                                  .height = 48,
                                  .width = 48,
                                  .channels = 1,
                                  .layer_count = 4,
                                  .layers = layers,
                                  .type = DENSEBLOCK_F32};
    denseblock_plan_options options = {0};
    begin_quietly();
    check_description(&desc, &options, "layer 0: direct 3x3", "layer 1: direct");
    check_description(&desc, &options, "Winograd F(4x4) 3x3", NULL);
    options.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2;
    check_description(&desc, &options, "Winograd F(2x2) 3x3", "direct");
    options = (denseblock_plan_options){.group_size = 2};
    check_description(&desc, &options, "layers 2..3 as a group: Winograd", "direct");
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cublas[] = {
        what_cublas_cannot_do_is_refused_with_the_plan,
        no_call_has_more_tiles_than_it_can_take,
        an_empty_batch_has_the_algorithm_that_was_asked_for,
        cublas_computes_in_half_of_the_limit_and_32_mib_at_most,
        auto_chooses_what_suits_the_type_and_the_limit,
        groups_have_algorithms_of_their_own,
        NULL,
    };
    return suite_of_backends("cublas_plan", none, none, of_cublas, none);
}
