#include "suite.h"

static denseblock_layer layers[2];
static denseblock_desc desc;
static denseblock_plan *plan;

/* [2,5,7,3] -> 4 channels by 3x3 -> 6 channels by 1x2, f32 */
static void describe(void) {
    layers[0] = (denseblock_layer){.kernel_height = 3, .kernel_width = 3, .growth = 4};
    layers[1] = (denseblock_layer){.kernel_height = 1, .kernel_width = 2, .growth = 6};
    desc = (denseblock_desc){
        .batch = 2, .height = 5, .width = 7, .channels = 3, .layer_count = 2, .layers = layers};
    plan = NULL;
}

static denseblock_status create(denseblock_backend backend,
                                const denseblock_plan_options *options) {
    return denseblock_plan_create(&desc, backend, options, &plan);
}

/* The descriptor is refused with these words, and there is no plan. */
#define refused(words)                                                                    \
    do {                                                                                  \
        plan = (denseblock_plan *)layers;                                                 \
        ck_fails(create(DENSEBLOCK_BACKEND_REFERENCE, NULL), DENSEBLOCK_INVALID_ARGUMENT, \
                 words);                                                                  \
        ck_assert_ptr_null(plan);                                                         \
        describe();                                                                       \
    } while (0)

START_TEST(the_plan_answers_for_its_sizes) {
    describe();
    const denseblock_plan_options options = {.thread_count = 1};
    ck_ok(create(DENSEBLOCK_BACKEND_REFERENCE, &options));
    ck_assert_int_eq((int)denseblock_plan_backend(plan), DENSEBLOCK_BACKEND_REFERENCE);
    ck_assert_int_eq(denseblock_plan_output_channels(plan), 13);
    ck_assert_uint_eq(denseblock_plan_output_bytes(plan), 2 * 5 * 7 * 13 * sizeof(float));
    /* two kernels as f64, the first rounded up to 64 bytes, and the second */
    ck_assert_uint_eq(denseblock_plan_weights_bytes(plan), 896 + 704);
    ck_assert_uint_eq(denseblock_plan_workspace_bytes(plan), 64);
    ck_assert_int_eq(denseblock_plan_thread_count(plan), 1);
    ck_assert_double_eq(denseblock_plan_flops(plan), 2.0 * 70 * (9 * 3 * 4 + 2 * 7 * 6));
    ck_assert_double_eq(denseblock_plan_bytes_moved(plan),
                        4.0 * (70 * (3 + 4) + 9 * 3 * 4 + 70 * (7 + 6) + 2 * 7 * 6));
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(the_description_names_every_layer) {
    describe();
    ck_ok(create(DENSEBLOCK_BACKEND_REFERENCE, NULL));
    const char *text = denseblock_plan_describe(plan);
    ck_assert_ptr_nonnull(strstr(text, "backend reference"));
    ck_assert_ptr_nonnull(strstr(text, "x [2,5,7,3] -> y [2,5,7,13], f32"));
    ck_assert_ptr_nonnull(strstr(text, "layer 0: direct 3x3, channels 0..2 -> 3..6\n"));
    ck_assert_ptr_nonnull(strstr(text, "layer 1: direct 1x2, channels 0..6 -> 7..12\n"));
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(sizes_out_of_range_are_refused_by_name_and_value) {
    describe();
    desc.batch = -1;
    refused("batch (N) is -1");
    desc.height = 0;
    refused("height (H) is 0");
    desc.width = -5;
    refused("width (W) is -5");
    desc.channels = 0;
    refused("channels (C0) is 0");
    desc.layer_count = -2;
    refused("layer count (L) is -2");
    layers[1].kernel_height = 0;
    refused("layer 1: kernel height is 0");
    layers[0].kernel_width = -1;
    refused("layer 0: kernel width is -1");
    layers[1].growth = 0;
    refused("layer 1: growth is 0");
    layers[0].prologue = (denseblock_prologue)7;
    refused("layer 0: prologue 7");
    desc.type = (denseblock_type)9;
    refused("element type 9");
    desc.arithmetic = (denseblock_arithmetic)4;
    refused("arithmetic 4");
    desc.type = DENSEBLOCK_F64;
    desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32;
    refused("TF32 arithmetic is for f32 tensors, not f64");
    desc.layers = NULL;
    refused("layers is NULL");
}
END_TEST

START_TEST(sizes_whose_product_overflows_are_refused) {
    describe();
    desc.height = INT64_MAX;
    refused("too large");
    desc.height = desc.width = INT64_C(1) << 32;
    refused("too large to address");
    desc.batch = 0; /* an empty batch does not excuse it */
    desc.height = desc.width = INT64_C(1) << 32;
    refused("too large to address");
    desc.batch = INT64_C(1) << 58;
    refused("too large to address");
    layers[1].growth = INT64_C(1) << 60;
    refused("layer 1: a kernel [1,2,7,1152921504606846976] is too large");
    /* As f16 the kernel could be addressed, but not as the f64 that it is prepared to. */
    desc = (denseblock_desc){.batch = 0,
                             .height = 1,
                             .width = 1,
                             .channels = 1,
                             .layer_count = 1,
                             .layers = layers,
                             .type = DENSEBLOCK_F16};
    denseblock_layers_fill(layers, 1, INT64_C(1) << 61, 1, 1);
    refused("too large to address");
    layers[0].growth = INT64_C(1) << 55; /* the kernels fit, y does not */
    refused("too large to address");
}
END_TEST

START_TEST(options_out_of_range_are_refused) {
    describe();
    const struct {
        denseblock_plan_options options;
        denseblock_status status;
        const char *words;
    } cases[] = {
        {{.thread_count = -1}, DENSEBLOCK_INVALID_ARGUMENT, "thread count is -1"},
        {{.thread_count = 5000}, DENSEBLOCK_INVALID_ARGUMENT, "thread count is 5000"},
        {{.instructions = (denseblock_instructions)2},
         DENSEBLOCK_INVALID_ARGUMENT,
         "instructions 2"},
        {{.group_size = -3}, DENSEBLOCK_INVALID_ARGUMENT, "group size is -3"},
        {{.algorithm = (denseblock_algorithm)9}, DENSEBLOCK_INVALID_ARGUMENT, "algorithm 9"},
        {{.accuracy = (denseblock_accuracy)9}, DENSEBLOCK_INVALID_ARGUMENT, "accuracy 9"},
        {{.algorithm = DENSEBLOCK_ALGORITHM_WINOGRAD4},
         DENSEBLOCK_UNSUPPORTED,
         "only the direct"},
        {{.group_size = 4}, DENSEBLOCK_UNSUPPORTED, "groups of 4"},
        {{.device = 1}, DENSEBLOCK_INVALID_ARGUMENT, "device 1"},
        {{.device = -1}, DENSEBLOCK_INVALID_ARGUMENT, "device -1"},
        {{.workspace_limit = 1}, DENSEBLOCK_UNSUPPORTED, "workspace limit of 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_fails(create(DENSEBLOCK_BACKEND_REFERENCE, &cases[i].options), cases[i].status,
                 cases[i].words);
        ck_assert_ptr_null(plan);
    }
}
END_TEST

START_TEST(the_workspace_is_at_most_64_MiB_unless_more_is_allowed) {
    describe();
    layers[0].growth = 1 << 24; /* sums of 128 MiB; nothing of that is allocated */
    denseblock_plan_options options = {.thread_count = 1};
    ck_fails(create(DENSEBLOCK_BACKEND_REFERENCE, &options), DENSEBLOCK_UNSUPPORTED,
             "workspace limit of 67108864");
    options.workspace_limit = (size_t)128 << 20;
    ck_ok(create(DENSEBLOCK_BACKEND_REFERENCE, &options));
    ck_assert_uint_eq(denseblock_plan_workspace_bytes(plan), options.workspace_limit);
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(null_pointers_are_refused) {
    describe();
    ck_fails(denseblock_plan_create(NULL, DENSEBLOCK_BACKEND_AUTO, NULL, &plan),
             DENSEBLOCK_INVALID_ARGUMENT, "desc is NULL");
    ck_fails(denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_AUTO, NULL, NULL),
             DENSEBLOCK_INVALID_ARGUMENT, "plan is NULL");
    denseblock_plan_destroy(NULL);
    denseblock_context_destroy(NULL);
}
END_TEST

START_TEST(auto_is_a_backend_that_can_run) {
    describe();
    ck_ok(create(DENSEBLOCK_BACKEND_AUTO, NULL));
    ck_assert_int_eq((int)denseblock_plan_backend(plan), (int)denseblock_backend_auto());
    ck_assert_int_eq((int)denseblock_backend_memory(DENSEBLOCK_BACKEND_AUTO),
                     (int)denseblock_backend_memory(denseblock_backend_auto()));
    ck_ok(denseblock_backend_check(denseblock_backend_auto()));
    denseblock_plan_destroy(plan);
}
END_TEST

START_TEST(every_backend_runs_or_says_why_not) {
    describe();
    for (int b = 0; b < DENSEBLOCK_BACKEND_COUNT; b++) {
        const denseblock_backend backend = (denseblock_backend)b;
        denseblock_backend found;
        ck_ok(denseblock_backend_from_name(denseblock_backend_name(backend), &found));
        ck_assert_int_eq((int)found, b);
        if (denseblock_backend_check(backend) == DENSEBLOCK_OK)
            continue;
        denseblock_context *context;
        const char *name = denseblock_backend_name(backend);
        ck_fails(denseblock_backend_check(backend), DENSEBLOCK_UNAVAILABLE, name);
        ck_fails(create(backend, NULL), DENSEBLOCK_UNAVAILABLE, name);
        ck_fails(denseblock_context_create(backend, 0, &context), DENSEBLOCK_UNAVAILABLE, name);
    }
    denseblock_backend found;
    ck_fails(denseblock_backend_from_name("gpu", &found), DENSEBLOCK_INVALID_ARGUMENT, "gpu");
    ck_fails(denseblock_backend_check((denseblock_backend)42), DENSEBLOCK_INVALID_ARGUMENT, "42");
    ck_assert_str_eq(denseblock_backend_name((denseblock_backend)42), "unknown backend");
}
END_TEST

START_TEST(a_cpu_context_takes_only_device_0) {
    denseblock_context *context;
    ck_fails(denseblock_context_create(DENSEBLOCK_BACKEND_REFERENCE, 1, &context),
             DENSEBLOCK_INVALID_ARGUMENT, "device 1");
    ck_assert_ptr_null(context);
    ck_assert_int_eq((int)denseblock_backend_memory(DENSEBLOCK_BACKEND_REFERENCE),
                     DENSEBLOCK_MEMORY_HOST);
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_REFERENCE, 0, &context));
    ck_assert_ptr_null(denseblock_context_stream(context));
    ck_ok(denseblock_context_synchronize(context));
    denseblock_context_destroy(context);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        the_plan_answers_for_its_sizes,
        the_description_names_every_layer,
        sizes_out_of_range_are_refused_by_name_and_value,
        sizes_whose_product_overflows_are_refused,
        options_out_of_range_are_refused,
        the_workspace_is_at_most_64_MiB_unless_more_is_allowed,
        null_pointers_are_refused,
        auto_is_a_backend_that_can_run,
        every_backend_runs_or_says_why_not,
        a_cpu_context_takes_only_device_0,
        NULL,
    };
    return suite_of("plan", tests);
}
