/* Suite: the engines of cuDNN's double take what a test says, and its heuristics name them. */
#include <stdlib.h>

#include "cudnn_case.h"

enum { MOST_RESULTS = 16, NOTES = 16 };

static const struct convolution base = {.data = CUDNN_DATA_FLOAT,
                                        .n = 1,
                                        .c = 8,
                                        .h = 5,
                                        .w = 4,
                                        .k = 8,
                                        .r = 3,
                                        .s = 3,
                                        .before = {1, 1},
                                        .behind = {1, 1},
                                        .mode = CUDNN_CROSS_CORRELATION};

static void begin(struct cudnn_case *with, const struct convolution *of) {
    begin_case(with, of);
    with->graph = new_graph(with);
    ck_success(cudnnBackendFinalize(with->graph));
}

static cudnnStatus_t finalize_engine(struct cudnn_case *with, int64_t index) {
    return cudnnBackendFinalize(new_engine(with, index));
}

/* Whether engine 0 takes it, alone in the machine. */
static void try_engine(const struct convolution *of, const struct cudnn_double_engine *engine,
                       int expected) {
    struct cudnn_case with;
    begin(&with, of);
    cudnn_double_engines(engine, 1);
    ck_cudnn(finalize_engine(&with, 0), expected);
    ck_no_mistakes();
    end_case(&with);
}

START_TEST(an_engine_takes_what_it_is_said_to_take) {
    const struct cudnn_double_engine plain = {.types = 1U << CUDNN_DATA_FLOAT};
    struct cudnn_double_engine engine = plain;
    struct convolution of = base;
    try_engine(&of, &engine, CUDNN_STATUS_SUCCESS);
    of.x_pixel = 9;
    try_engine(&of, &engine, CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    engine.takes = CUDNN_DOUBLE_STRIDED_INPUT;
    try_engine(&of, &engine, CUDNN_STATUS_SUCCESS);
    of.y_pixel = 9;
    try_engine(&of, &engine, CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    engine.takes |= CUDNN_DOUBLE_STRIDED_OUTPUT;
    try_engine(&of, &engine, CUDNN_STATUS_SUCCESS);
    of.relu = true;
    try_engine(&of, &engine, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
    of = base;
    of.behind[1] = 2;
    try_engine(&of, &plain, CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    of = base;
    of.mode = CUDNN_CONVOLUTION;
    try_engine(&of, &plain, CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    of = base;
    of.data = CUDNN_DATA_HALF;
    try_engine(&of, &plain, CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
}
END_TEST

START_TEST(an_engine_has_an_alignment_and_a_multiple_of_channels) {
    struct cudnn_double_engine engine = {.types = 1U << CUDNN_DATA_FLOAT,
                                         .takes = CUDNN_DOUBLE_STRIDED_INPUT,
                                         .alignment = 16,
                                         .channel_multiple = 4};
    struct convolution of = base;
    try_engine(&of, &engine, CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    of.alignment = 16;
    try_engine(&of, &engine, CUDNN_STATUS_SUCCESS);
    of.x_pixel = 10; /* the second pixel is not at a multiple of 16 */
    try_engine(&of, &engine, CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    of.x_pixel = 12;
    try_engine(&of, &engine, CUDNN_STATUS_SUCCESS);
    of.k = 6;
    try_engine(&of, &engine, CUDNN_STATUS_NOT_SUPPORTED_SHAPE);
}
END_TEST

START_TEST(abilities_can_be_taken_away_from_all_engines) {
    struct cudnn_case with;
    struct convolution of = base;
    of.y_pixel = 9;
    begin(&with, &of);
    ck_success(finalize_engine(&with, 0));
    cudnn_double_without(CUDNN_DOUBLE_STRIDED_OUTPUT);
    ck_cudnn(finalize_engine(&with, 0), CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    cudnn_double_engines(NULL, 0);
    ck_success(finalize_engine(&with, 0));
    ck_cudnn(finalize_engine(&with, 99), CUDNN_STATUS_NOT_SUPPORTED);
    end_case(&with);
}
END_TEST

START_TEST(the_environment_chooses_the_machine) {
    struct cudnn_case with;
    struct convolution of = base;
    of.y_pixel = 9;
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CUDNN", "packed", 1), 0);
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CUDNN_VERSION", "80907", 1), 0);
    begin(&with, &of);
    ck_cudnn(finalize_engine(&with, 0), CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    ck_assert_uint_eq(cudnnGetVersion(), 80907);
    end_case(&with);
    ck_assert_int_eq(setenv("CUDA_DOUBLE_CUDNN", "none", 1), 0);
    begin(&with, &base);
    ck_cudnn(finalize_engine(&with, 0), CUDNN_STATUS_NOT_SUPPORTED);
    end_case(&with);
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_CUDNN"), 0);
    ck_assert_int_eq(unsetenv("CUDA_DOUBLE_CUDNN_VERSION"), 0);
    cuda_double_begin(NULL);
    ck_assert_uint_eq(cudnnGetVersion(), CUDNN_VERSION);
    cudnn_double_version(91300);
    ck_assert_uint_eq(cudnnGetVersion(), 91300);
}
END_TEST

/* ---- Heuristics ---- */

/* The configurations that a mode names, in `configs`. */
static int64_t ask(struct cudnn_case *with, cudnnBackendHeurMode_t mode,
                   cudnnBackendDescriptor_t configs[MOST_RESULTS]) {
    cudnnBackendDescriptor_t heuristics =
        new_descriptor(with, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    int64_t count = -1, again = -1;
    set_one(heuristics, ENGINEHEUR_OPERATION_GRAPH, BACKEND_DESCRIPTOR, &with->graph);
    set_one(heuristics, ENGINEHEUR_MODE, HEUR_MODE, &mode);
    ck_success(cudnnBackendFinalize(heuristics));
    ck_success(cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, NULL));
    ck_assert_int_le(count, MOST_RESULTS);
    for (int64_t i = 0; i < count; i++)
        configs[i] = new_descriptor(with, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    ck_success(cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &again, configs));
    ck_assert_int_eq(again, count > 0 ? count - 1 : 0); /* the first was an upper limit */
    return again;
}

static cudnnBackendDescriptor_t engine_of(struct cudnn_case *with,
                                          cudnnBackendDescriptor_t config) {
    cudnnBackendDescriptor_t engine = new_descriptor(with, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    ck_success(cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, NULL, &engine));
    return engine;
}

static unsigned notes_of(cudnnBackendDescriptor_t engine) {
    cudnnBackendNumericalNote_t notes[NOTES];
    int64_t count = -1;
    unsigned bits = 0;
    ck_success(cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                        CUDNN_TYPE_NUMERICAL_NOTE, NOTES, &count, notes));
    for (int64_t i = 0; i < count; i++)
        bits |= 1U << notes[i];
    return bits;
}

static cudnnStatus_t finalize_plan(struct cudnn_case *with, cudnnBackendDescriptor_t config) {
    with->plan = new_descriptor(with, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    set_one(with->plan, EXECUTION_PLAN_HANDLE, HANDLE, &with->handle);
    set_one(with->plan, EXECUTION_PLAN_ENGINE_CONFIG, BACKEND_DESCRIPTOR, &config);
    return cudnnBackendFinalize(with->plan);
}

START_TEST(the_first_that_the_heuristics_name_are_not_to_be_used_for_f32) {
    cudnnBackendDescriptor_t configs[MOST_RESULTS];
    struct cudnn_case with;
    begin(&with, &base);
    const int64_t count = ask(&with, CUDNN_HEUR_MODE_A, configs);
    ck_assert_int_ge(count, 3);
    ck_cudnn(finalize_plan(&with, configs[0]),
             CUDNN_STATUS_NOT_SUPPORTED_SHARED_MEMORY_INSUFFICIENT);
    ck_assert_uint_eq(notes_of(engine_of(&with, configs[1])),
                      1U << CUDNN_NUMERICAL_NOTE_TENSOR_CORE |
                          1U << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
    int64_t exact = 0;
    for (int64_t i = 1; i < count; i++)
        exact += notes_of(engine_of(&with, configs[i])) == 0;
    ck_assert_int_eq(exact, 1);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(the_fallback_names_the_generic_engines) {
    cudnnBackendDescriptor_t configs[MOST_RESULTS];
    struct cudnn_case with;
    int64_t index = -1;
    begin(&with, &base);
    ck_assert_int_eq(ask(&with, CUDNN_HEUR_MODE_FALLBACK, configs), 2);
    ck_success(cudnnBackendGetAttribute(engine_of(&with, configs[1]),
                                        CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, NULL,
                                        &index));
    ck_assert_int_eq(index, 0);
    ck_success(finalize_plan(&with, configs[1]));
    end_case(&with);
}
END_TEST

START_TEST(what_the_heuristics_name_may_turn_out_not_to_take_the_layout) {
    cudnnBackendDescriptor_t configs[MOST_RESULTS];
    struct cudnn_case with;
    struct convolution of = base;
    of.y_pixel = 9;
    begin(&with, &of);
    cudnn_double_without(CUDNN_DOUBLE_STRIDED_OUTPUT);
    const int64_t count = ask(&with, CUDNN_HEUR_MODE_A, configs);
    ck_assert_int_gt(count, 0);
    for (int64_t i = 0; i < count; i++)
        ck_cudnn(finalize_plan(&with, configs[i]), CUDNN_STATUS_NOT_SUPPORTED_LAYOUT);
    end_case(&with);
}
END_TEST

START_TEST(a_machine_without_engines_names_none) {
    cudnnBackendDescriptor_t configs[MOST_RESULTS];
    struct cudnn_case with;
    const struct cudnn_double_engine engine = {.types = 0};
    const cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    begin(&with, &base);
    cudnn_double_engines(&engine, 0);
    ck_assert_int_eq(ask(&with, CUDNN_HEUR_MODE_FALLBACK, configs), 0);
    cudnnBackendDescriptor_t heuristics =
        new_descriptor(&with, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    set_one(heuristics, ENGINEHEUR_OPERATION_GRAPH, BACKEND_DESCRIPTOR, &with.graph);
    set_one(heuristics, ENGINEHEUR_MODE, HEUR_MODE, &mode);
    ck_cudnn(cudnnBackendFinalize(heuristics), CUDNN_STATUS_NOT_SUPPORTED);
    end_case(&with);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        an_engine_takes_what_it_is_said_to_take,
        an_engine_has_an_alignment_and_a_multiple_of_channels,
        abilities_can_be_taken_away_from_all_engines,
        the_environment_chooses_the_machine,
        the_first_that_the_heuristics_name_are_not_to_be_used_for_f32,
        the_fallback_names_the_generic_engines,
        what_the_heuristics_name_may_turn_out_not_to_take_the_layout,
        a_machine_without_engines_names_none,
        NULL,
    };
    return suite_of("double.cudnn_engines", tests);
}
