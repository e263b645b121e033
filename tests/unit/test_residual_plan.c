/* Plans of residual blocks, with the reference. */
#include "suite.h"

static denseblock_residual_desc desc;
static denseblock_plan *plan;

/* [6,5,7,3], two units of 4 hidden channels, 3x2, f32: 560 hidden bytes for each image */
static void describe(void) {
    desc = (denseblock_residual_desc){.batch = 6,
                                      .height = 5,
                                      .width = 7,
                                      .channels = 3,
                                      .hidden_channels = 4,
                                      .unit_count = 2,
                                      .kernel_height = 3,
                                      .kernel_width = 2};
    plan = NULL;
}

/* Of one thread, whose sums take 64 bytes of the workspace. */
static denseblock_status create(size_t workspace_limit) {
    const denseblock_plan_options options = {.thread_count = 1,
                                             .workspace_limit = workspace_limit};
    return denseblock_residual_plan_create(&desc, DENSEBLOCK_BACKEND_REFERENCE, &options, &plan);
}

/* The description is refused with these words, and there is no plan. */
#define refused_as(status, words)           \
    do {                                    \
        plan = (denseblock_plan *)&desc;    \
        ck_fails(create(0), status, words); \
        ck_assert_ptr_null(plan);           \
        describe();                         \
    } while (0)
#define refused(words) refused_as(DENSEBLOCK_INVALID_ARGUMENT, words)

START_TEST(the_plan_answers_for_its_sizes) {
    describe();
    ck_ok(create(0));
    ck_assert_int_eq((int)denseblock_plan_backend(plan), DENSEBLOCK_BACKEND_REFERENCE);
    ck_assert_int_eq(denseblock_plan_output_channels(plan), 3);
    ck_assert_uint_eq(denseblock_plan_output_bytes(plan), 6 * 5 * 7 * 3 * sizeof(float));
    ck_assert_uint_eq(denseblock_plan_weights_bytes(plan), 4 * 72 * sizeof(double));
    ck_assert_uint_eq(denseblock_plan_workspace_bytes(plan), 3392 + 64); /* 6 * 560, rounded up */
    ck_assert_int_eq(denseblock_plan_thread_count(plan), 1);
    ck_assert_double_eq(denseblock_plan_flops(plan), 4.0 * 2 * 210 * 6 * 3 * 4);
    ck_assert_double_eq(denseblock_plan_bytes_moved(plan),
                        4.0 * 2 * (210 * (3 + 4 + 4 + 3 + 3) + 2 * 72));
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(no_hidden_channels_are_as_many_as_the_block_has) {
    describe();
    desc.hidden_channels = 0;
    ck_ok(create(0));
    denseblock_plan *of_zero = plan;
    desc.hidden_channels = 3;
    ck_ok(create(0));
    ck_assert_str_eq(denseblock_plan_describe(of_zero), denseblock_plan_describe(plan));
    ck_assert_double_eq(denseblock_plan_flops(plan), 4.0 * 2 * 210 * 6 * 3 * 3);
    ck_assert_double_eq(denseblock_plan_flops(of_zero), denseblock_plan_flops(plan));
    denseblock_plan_destroy(of_zero);
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(a_slice_takes_half_of_the_workspace_and_divides_the_batch) {
    const struct {
        size_t limit, workspace;
        const char *words;
    } cases[] = {
        {12 * 560, 3392 + 64, "2 residual units, 6 images at a time\n"},
        {12 * 560 - 1, 1728 + 64, "3 images at a time\n"},
        {6 * 560, 1728 + 64, "3 images at a time\n"},
        {6 * 560 - 1, 1152 + 64, "2 images at a time\n"},
        {4 * 560 - 1, 576 + 64, "1 image at a time\n"},
        {576 + 64, 576 + 64, "1 image at a time\n"}, /* more than half, for one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe();
        ck_ok(create(cases[i].limit));
        ck_assert_uint_eq(denseblock_plan_workspace_bytes(plan), cases[i].workspace);
        const char *text = denseblock_plan_describe(plan);
        ck_assert_msg(strstr(text, cases[i].words) != NULL, "limit %zu: %s", cases[i].limit,
                      text);
        ck_assert_double_eq(denseblock_plan_flops(plan), 4.0 * 2 * 210 * 6 * 3 * 4);
        denseblock_plan_destroy(plan);
    }
}
END_TEST

START_TEST(a_workspace_with_no_room_for_an_image_is_refused) {
    describe();
    ck_fails(create(575), DENSEBLOCK_UNSUPPORTED,
             "keeps the 4 hidden channels of an image in the workspace, 576 bytes: raise the "
             "workspace limit of 575");
    ck_assert_ptr_null(plan);
    ck_fails(create(576), DENSEBLOCK_UNSUPPORTED, "needs a workspace of 640 bytes");
    ck_fails(create(576 + 63), DENSEBLOCK_UNSUPPORTED,
             "the reference backend needs a workspace of 640 bytes for this block: raise the "
             "workspace limit of 639");
    ck_assert_ptr_null(plan);
}
END_TEST

START_TEST(the_description_names_both_convolutions) {
    describe();
    ck_ok(create(0));
    ck_assert_str_eq(denseblock_plan_describe(plan),
                     "backend reference: plain loops, f64 sums, 1 thread\n"
                     "x [6,5,7,3] -> y [6,5,7,3], f32\n"
                     "2 residual units, 6 images at a time\n"
                     "the first convolution of each, from y to the workspace:\n"
                     "layer: direct 3x2, channels 0..2 -> 0..3\n"
                     "the second one, from there, added to y:\n"
                     "layer: direct 3x2, channels 0..3 -> 0..2\n"
                     "bytes: y 2520, prepared weights 2304, workspace 3456\n");
    denseblock_plan_destroy(plan);
    desc.unit_count = 1;
    ck_ok(create(0));
    ck_assert_ptr_nonnull(strstr(denseblock_plan_describe(plan), "1 residual unit, 6 images"));
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(a_block_without_units_or_images_needs_no_memory) {
    describe();
    desc.unit_count = 0;
    ck_ok(create(0));
    ck_assert_uint_eq(denseblock_plan_weights_bytes(plan), 0);
    ck_assert_uint_eq(denseblock_plan_workspace_bytes(plan), 0);
    ck_assert_double_eq(denseblock_plan_flops(plan), 0);
    denseblock_plan_destroy(plan);
    describe();
    desc.batch = 0;
    ck_ok(create(0));
    ck_assert_uint_eq(denseblock_plan_output_bytes(plan), 0);
    ck_assert_double_eq(denseblock_plan_flops(plan), 0);
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(sizes_out_of_range_are_refused_by_name_and_value) {
    describe();
    desc.batch = -1;
    refused("batch (N) is -1");
    desc.height = 0;
    refused("height (H) is 0");
    desc.height = -1;
    refused("height (H) is -1");
    desc.width = -5;
    refused("width (W) is -5");
    desc.channels = 0;
    refused("channels (C0) is 0");
    desc.channels = desc.hidden_channels = 0;
    refused("channels (C0) is 0");
    desc.hidden_channels = -2;
    refused("hidden channels are -2");
    desc.unit_count = -3;
    refused("unit count is -3");
    desc.unit_count = INT64_MAX;
    refused("unit count is 9223372036854775807");
    desc.kernel_height = 0;
    refused("kernel height is 0");
    desc.kernel_width = -1;
    refused("kernel width is -1");
    desc.type = (denseblock_type)9;
    refused("element type 9");
    desc.arithmetic = (denseblock_arithmetic)4;
    refused("arithmetic 4");
    desc.type = DENSEBLOCK_F64;
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    refused("TF32 arithmetic is for f32 tensors, not f64");
}
END_TEST

START_TEST(sizes_whose_product_overflows_are_refused) {
    describe();
    desc.height = INT64_MAX;
    refused("too large to address");
    desc.height = desc.width = INT64_C(1) << 32;
    refused("too large to address");
    desc.batch = 0; /* an empty batch does not excuse it */
    desc.height = desc.width = INT64_C(1) << 32;
    refused("too large to address");
    desc.batch = INT64_C(1) << 58;
    refused("too large to address");
    desc.batch = INT64_MAX; /* no power of two, and nobody counts to it */
    refused("too large to address");
    desc.hidden_channels = INT64_C(1) << 60;
    refused("too large");
    desc.channels = INT64_C(1) << 60;
    refused("too large");
    desc.kernel_height = INT64_C(1) << 60;
    refused("too large");
    desc.unit_count = INT64_MAX / 2;
    refused_as(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of");
}
END_TEST

START_TEST(options_that_a_residual_block_does_not_have_are_refused) {
    const struct {
        denseblock_plan_options options;
        denseblock_status status;
        const char *words;
    } cases[] = {
        {{.group_size = 2}, DENSEBLOCK_UNSUPPORTED, "a residual block has no groups"},
        {{.group_size = -1}, DENSEBLOCK_INVALID_ARGUMENT, "group size is -1"},
        {{.thread_count = -1}, DENSEBLOCK_INVALID_ARGUMENT, "thread count is -1"},
        {{.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD2},
         DENSEBLOCK_UNSUPPORTED,
         "only the direct"},
        {{.device = 1}, DENSEBLOCK_INVALID_ARGUMENT, "device 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        describe();
        plan = (denseblock_plan *)&desc;
        ck_fails(denseblock_residual_plan_create(&desc, DENSEBLOCK_BACKEND_REFERENCE,
                                                 &cases[i].options, &plan),
                 cases[i].status, cases[i].words);
        ck_assert_ptr_null(plan);
    }
    const denseblock_plan_options alone = {.group_size = 1};
    ck_ok(denseblock_residual_plan_create(&desc, DENSEBLOCK_BACKEND_REFERENCE, &alone, &plan));
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(null_pointers_are_refused) {
    describe();
    plan = (denseblock_plan *)&desc;
    ck_fails(denseblock_residual_plan_create(NULL, DENSEBLOCK_BACKEND_AUTO, NULL, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "denseblock_residual_plan_create: desc is NULL");
    ck_assert_ptr_null(plan);
    ck_fails(denseblock_residual_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO, NULL, NULL),
             DENSEBLOCK_INVALID_ARGUMENT, "denseblock_residual_plan_create: plan is NULL");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        the_plan_answers_for_its_sizes,
        no_hidden_channels_are_as_many_as_the_block_has,
        a_slice_takes_half_of_the_workspace_and_divides_the_batch,
        a_workspace_with_no_room_for_an_image_is_refused,
        the_description_names_both_convolutions,
        a_block_without_units_or_images_needs_no_memory,
        sizes_out_of_range_are_refused_by_name_and_value,
        sizes_whose_product_overflows_are_refused,
        options_that_a_residual_block_does_not_have_are_refused,
        null_pointers_are_refused,
        NULL,
    };
    return suite_of("residual_plan", tests);
}
