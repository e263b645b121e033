/* Plans with Winograd layers of the backends of GPUs: when there are such, and in which groups. */
#include "backends.h"
#include "on_double.h"

START_TEST(groups_have_the_size_that_was_asked_for_or_pays) {
    denseblock_layer layers[8];
    denseblock_layers_fill(layers, 8, 3, 3, 12);
    const denseblock_desc desc = {.batch = 16,
                                  .height = 32,
                                  .width = 32,
                                  .channels = 64,
                                  .layer_count = 8,
                                  .layers = layers,
                                  .type = DENSEBLOCK_F16};
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    begin_quietly();
    check_description(&desc, &options, "as a group", NULL);
    options.group_size = 1;
    check_description(&desc, &options, "layer 7: ", "as a group");
    options.group_size = 3;
    check_description(&desc, &options, "layers 0..2 as a group: ", "layers 0..3");
    check_description(&desc, &options, "layers 6..7 as a group: ", NULL);
    options.group_size = INT64_MAX;
    check_description(&desc, &options, "layers 0..7 as a group: ", NULL);
}
END_TEST

/* Of the last layer nothing is transformed. */
START_TEST(transforms_between_layers_are_one_kernel_where_that_pays) {
    denseblock_layer layers[2];
    denseblock_layers_fill(layers, 2, 3, 3, 32);
    denseblock_desc desc = {.batch = 32,
                            .height = 14,
                            .width = 14,
                            .channels = 16,
                            .layer_count = 2,
                            .layers = layers,
                            .type = DENSEBLOCK_F16};
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    begin_quietly();
    check_description(&desc, &options, "in one kernel, in strips of 4 rows of tiles", NULL);
    desc.batch = 64;
    check_description(&desc, &options, "in one kernel, in strips of 7 rows of tiles", NULL);
    desc.layer_count = 1;
    check_description(&desc, &options, "Winograd", "in one kernel");
    desc.layer_count = 2;
    desc.height = desc.width = 224;
    check_description(&desc, &options, "Winograd", "in one kernel");
}
END_TEST

START_TEST(an_empty_batch_has_the_algorithm_that_was_asked_for) {
    denseblock_layer layers[2];
    denseblock_layers_fill(layers, 2, 3, 3, 2);
    const denseblock_desc desc = {.height = 4,
                                  .width = 4,
                                  .channels = 2,
                                  .layer_count = 2,
                                  .layers = layers,
                                  .type = DENSEBLOCK_F16};
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2,
                                             .group_size = 2};
    begin_quietly();
    check_description(&desc, &options, "layers 0..1 as a group: Winograd F(2x2)", "at a time");
    check_description(&desc, NULL, "direct", "Winograd F(");
}
END_TEST

START_TEST(what_winograd_cannot_do_is_refused_with_the_plan) {
    const denseblock_layer layer = {.kernel_height = 3, .kernel_width = 3, .growth = 1},
                           wide = {.kernel_height = 3, .kernel_width = 5, .growth = 1};
    denseblock_desc desc = {.batch = 1,
                            .height = 1,
                            .width = 1,
                            .channels = 1,
                            .layer_count = 1,
                            .layers = &layer,
                            .type = DENSEBLOCK_F16};
    denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4};
    denseblock_plan *plan;
    begin_quietly();
    ck_fails(denseblock_plan_create(&desc, tested, &options, &plan), DENSEBLOCK_UNSUPPORTED,
             "winograd4 for f32, not for f16");
    desc.type = DENSEBLOCK_F32;
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
    options.accuracy = DENSEBLOCK_ACCURACY_HIGH;
    ck_fails(denseblock_plan_create(&desc, tested, &options, &plan), DENSEBLOCK_UNSUPPORTED,
             "exclude each other");
    options.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2;
    options.workspace_limit = 64;
    ck_fails(denseblock_plan_create(&desc, tested, &options, &plan), DENSEBLOCK_UNSUPPORTED,
             "raise the workspace limit of 64");
    desc.layers = &wide;
    ck_fails(denseblock_plan_create(&desc, tested, &options, &plan), DENSEBLOCK_UNSUPPORTED,
             "layer 0: Winograd algorithms are for 3x3 kernels, not 3x5");
}
END_TEST

START_TEST(f16_and_bf16_have_it_on_tensor_cores_only) {
    static const struct {
        denseblock_type type;
        denseblock_arithmetic arithmetic;
        int compute_capability;
        const char *cores; /* NULL: it is not there */
    } rows[] = {
        {DENSEBLOCK_F64, DENSEBLOCK_ARITHMETIC_FULL, 75, "SIMT kernels, sums in f64"},
        {DENSEBLOCK_F64, DENSEBLOCK_ARITHMETIC_FULL, 90, "SIMT kernels, sums in f64"},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_FULL, 90, "SIMT kernels, sums in f32"},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32, 80, "tensor cores, TF32"},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, 86, "tensor cores, three products"},
        {DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32X3, 75, "SIMT kernels, sums in f32"},
        {DENSEBLOCK_BF16, DENSEBLOCK_ARITHMETIC_FULL, 75, NULL},
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, 75, NULL},
        {DENSEBLOCK_F16, DENSEBLOCK_ARITHMETIC_FULL, 90, "tensor cores, f16"},
    };
    const denseblock_layer layer = {.kernel_height = 3, .kernel_width = 3, .growth = 1};
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const denseblock_desc desc = {.batch = 1,
                                      .height = 2,
                                      .width = 3,
                                      .channels = 4,
                                      .layer_count = 1,
                                      .layers = &layer,
                                      .type = rows[i].type,
                                      .arithmetic = rows[i].arithmetic};
        denseblock_plan *plan;
        cuda_double_begin(
            &(struct cuda_double_machine){.compute_capability = rows[i].compute_capability});
        if (rows[i].cores == NULL) {
            ck_fails(denseblock_plan_create(&desc, tested, &options, &plan),
                     DENSEBLOCK_UNSUPPORTED, "on GPUs before compute capability 8.0");
            continue;
        }
        check_description(&desc, &options, "Winograd F(2x2)", "direct");
        check_description(&desc, &options, rows[i].cores, NULL);
    }
}
END_TEST

/* A block where Winograd pays for f32. */
static denseblock_desc large_block(denseblock_layer *layers) {
    denseblock_layers_fill(layers, 6, 3, 3, 32);
    return (denseblock_desc){.batch = 16,
                             .height = 56,
                             .width = 56,
                             .channels = 64,
                             .layer_count = 6,
                             .layers = layers,
                             .arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3};
}

START_TEST(auto_chooses_it_where_the_model_says_that_it_pays) {
    denseblock_layer layers[6];
    denseblock_desc desc = large_block(layers);
    denseblock_plan_options options = {0};
    begin_quietly();
    check_description(&desc, NULL, "Winograd F(4x4)", "direct");
    check_description(&desc, NULL, "predicted ", "F(2x2)");
    options.accuracy = DENSEBLOCK_ACCURACY_HIGH;
    check_description(&desc, &options, "3x3", "F(4x4)");
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    check_description(&desc, NULL, "TF32", "F(4x4)");
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_FULL;
    check_description(&desc, NULL, "Winograd F(4x4)", "direct");
    check_description(&desc, &options, "SIMT", "F(4x4)");
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
    desc.height = desc.width = 4;
    desc.batch = 1;
    check_description(&desc, NULL, "direct", "Winograd");
    /* Which multiplies f64 at a thirty-second of f32's rate. */
    cuda_double_begin(&(struct cuda_double_machine){.compute_capability = 86});
    desc = large_block(layers);
    desc.type = DENSEBLOCK_F64;
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_FULL;
    check_description(&desc, NULL, "Winograd F(2x2)", "direct");
}
END_TEST

/* F(4x4) leaves TF32 too little of its accuracy. */
START_TEST(winograd4_that_is_asked_for_is_computed_in_three_products_of_tf32) {
    denseblock_layer layers[6];
    denseblock_desc desc = large_block(layers);
    const denseblock_plan_options options = {.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4};
    begin_quietly();
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    check_description(&desc, &options, "three products of TF32", "direct");
}
END_TEST

START_TEST(auto_keeps_every_limit_of_the_workspace) {
    denseblock_layer layers[6];
    const denseblock_desc desc = large_block(layers);
    begin_quietly();
    for (size_t limit = 1; limit < (size_t)1 << 30; limit += 1 + limit / 3) {
        const denseblock_plan_options options = {.workspace_limit = limit};
        denseblock_plan *plan;
        ck_ok(denseblock_plan_create(&desc, tested, &options, &plan));
        ck_assert_uint_le(denseblock_plan_workspace_bytes(plan), limit);
        denseblock_plan_destroy(plan);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const of_cuda[] = {
        groups_have_the_size_that_was_asked_for_or_pays,
        transforms_between_layers_are_one_kernel_where_that_pays,
        an_empty_batch_has_the_algorithm_that_was_asked_for,
        what_winograd_cannot_do_is_refused_with_the_plan,
        f16_and_bf16_have_it_on_tensor_cores_only,
        auto_chooses_it_where_the_model_says_that_it_pays,
        winograd4_that_is_asked_for_is_computed_in_three_products_of_tf32,
        auto_keeps_every_limit_of_the_workspace,
        NULL,
    };
    const TTest *const of_cublas[] = {
        groups_have_the_size_that_was_asked_for_or_pays,
        transforms_between_layers_are_one_kernel_where_that_pays,
        an_empty_batch_has_the_algorithm_that_was_asked_for,
        what_winograd_cannot_do_is_refused_with_the_plan,
        NULL,
    };
    return suite_of_backends("winograd_plan", none, of_cuda, of_cublas, none);
}
