/* Suite: the double of cuDNN convolves as it is asked, and as its engines say. */
#include <math.h>

#include "cudnn_case.h"
#include "elements/elements.h"

static const double roundings[] = {[CUDNN_DATA_FLOAT] = 0x1p-23,
                                   [CUDNN_DATA_DOUBLE] = 0x1p-50,
                                   [CUDNN_DATA_HALF] = 0x1p-10,
                                   [CUDNN_DATA_BFLOAT16] = 0x1p-7};

static void try_case(const struct convolution *of, int64_t engine) {
    struct cudnn_case with;
    begin_case(&with, of);
    make_plan(&with, engine);
    make_memory(&with);
    execute(&with);
    check_result(&with, of->alpha == 0 ? 1 : of->alpha, roundings[of->data]);
    ck_no_mistakes();
    end_case(&with);
}

START_TEST(every_type_and_ragged_size_gives_the_sums) {
    static const cudnnDataType_t types[] = {CUDNN_DATA_DOUBLE, CUDNN_DATA_FLOAT, CUDNN_DATA_HALF,
                                            CUDNN_DATA_BFLOAT16};
    for (int i = 0; i < 4; i++)
        for (int64_t size = 1; size < 8; size += 2) {
            struct convolution of = usual;
            of.data = types[i];
            of.c = size + 2;
            of.h = 9 - size;
            of.k = size;
            try_case(&of, 0);
        }
}
END_TEST

START_TEST(views_with_gaps_and_filters_of_any_layout_are_read_and_written) {
    struct convolution of = usual;
    of.x_pixel = 11;
    try_case(&of, 2);
    of.y_pixel = 13;
    try_case(&of, 2);
    of.krsc_not = true;
    try_case(&of, 2);
}
END_TEST

START_TEST(paddings_ahead_and_behind_differ) {
    struct convolution of = usual;
    of.r = 2;
    of.s = 4;
    of.before[0] = 0;
    of.before[1] = 1;
    of.behind[0] = 1;
    of.behind[1] = 2;
    try_case(&of, 2);
    of.before[0] = 4; /* rows of nothing but padding */
    try_case(&of, 2);
}
END_TEST

START_TEST(steps_and_dilations_and_alpha_are_taken) {
    struct convolution of = usual;
    of.w = 8;
    of.s = 2;
    of.step = 2;
    try_case(&of, 2);
    of.dilation = 3;
    try_case(&of, 2);
    of.alpha = 1.5;
    try_case(&of, 2);
}
END_TEST

START_TEST(a_convolution_proper_flips_the_filter) {
    struct convolution of = usual;
    of.mode = CUDNN_CONVOLUTION;
    of.s = 2;
    try_case(&of, 2);
}
END_TEST

static void spoil_x(const struct cudnn_case *with, size_t place, double value) {
    const denseblock_type type = type_of(with->of.data);
    const size_t size = denseblock_type_size(type);
    dblk_element_store(type, with->host_x, place, value);
    ck_cuda(cudaMemcpy((char *)with->x + place * size, (const char *)with->host_x + place * size,
                       size, cudaMemcpyHostToDevice));
    ck_cuda(cudaDeviceSynchronize());
}

START_TEST(a_fused_relu_keeps_nan_only_where_it_is_asked) {
    for (int keeps = 0; keeps < 2; keeps++) {
        struct cudnn_case with;
        struct convolution of = usual;
        of.data = keeps ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
        of.c = 6;
        of.x_pixel = 8;
        of.relu = true;
        of.keeps_nan = keeps;
        of.alignment = 4;
        begin_case(&with, &of);
        make_plan(&with, 9);
        make_memory(&with);
        spoil_x(&with, 17, (double)NAN);
        execute(&with);
        check_result(&with, 1, roundings[of.data]);
        ck_no_mistakes();
        end_case(&with);
    }
}
END_TEST

START_TEST(a_relu_without_an_upper_clip_stops_at_the_greatest_number) {
    static const struct cudnn_double_engine engine = {.types = 1U << CUDNN_DATA_DOUBLE,
                                                      .takes = CUDNN_DOUBLE_FUSED_RELU};
    static const struct convolution of = {.data = CUDNN_DATA_DOUBLE,
                                          .n = 1,
                                          .c = 1,
                                          .h = 1,
                                          .w = 1,
                                          .k = 1,
                                          .r = 1,
                                          .s = 1,
                                          .mode = CUDNN_CROSS_CORRELATION,
                                          .relu = true};
    struct cudnn_case with;
    double y, w;
    begin_case(&with, &of);
    cudnn_double_engines(&engine, 1);
    make_plan(&with, 0);
    make_memory(&with);
    spoil_x(&with, 0, (double)INFINITY);
    execute(&with);
    ck_cuda(cudaMemcpy(&y, with.y, sizeof y, cudaMemcpyDeviceToHost));
    ck_cuda(cudaMemcpy(&w, with.w, sizeof w, cudaMemcpyDeviceToHost));
    ck_assert_double_eq(y, w * 0x1.fffffffffffffp1023);
    end_case(&with);
}
END_TEST

/* Whether all of y is right, times the factor. */
static void check_engine(int64_t engine, double factor, double tolerance) {
    struct cudnn_case with;
    begin_case(&with, &usual);
    make_plan(&with, engine);
    make_memory(&with);
    execute(&with);
    check_result(&with, factor, tolerance);
    end_case(&with);
}

START_TEST(engines_that_are_not_exact_show_it) {
    check_engine(2, 1, 0x1p-23);
    check_engine(1, 1, 0x1p-10);      /* TF32 */
    check_engine(6, 1.0625, 0x1p-20); /* Winograd */
    check_engine(4, 1.0625, 0x1p-20); /* FFT */
}
END_TEST

START_TEST(a_transformed_convolution_spreads_nan) {
    struct cudnn_case with;
    float y[4];
    begin_case(&with, &usual);
    make_plan(&with, 6);
    make_memory(&with);
    spoil_x(&with, 0, (double)NAN);
    execute(&with);
    /* The last pixel of the last image is far from it. */
    ck_cuda(cudaMemcpy(y, (float *)with.y + (2 * 21 - 1) * 4, sizeof y, cudaMemcpyDeviceToHost));
    for (int k = 0; k < 4; k++)
        ck_assert(isnan(y[k]));
    end_case(&with);
}
END_TEST

START_TEST(only_elements_of_y_are_written) {
    struct cudnn_case with;
    struct convolution of = usual;
    float gap[5];
    of.y_pixel = 9;
    begin_case(&with, &of);
    make_plan(&with, 2);
    make_memory(&with);
    ck_cuda(cudaMemset(with.y, 0x40, 2 * 21 * 9 * sizeof(float)));
    ck_cuda(cudaDeviceSynchronize());
    execute(&with);
    check_result(&with, 1, roundings[of.data]);
    for (size_t pixel = 0; pixel < 2 * 21; pixel++) {
        ck_cuda(
            cudaMemcpy(gap, (float *)with.y + pixel * 9 + 4, sizeof gap, cudaMemcpyDeviceToHost));
        for (int i = 0; i < 5; i++)
            ck_assert_float_eq(gap[i], 3.0039215087890625F); /* 0x40404040 */
    }
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(only_elements_of_y_count_as_written) {
    struct cudnn_case with;
    struct convolution of = usual;
    float gap;
    of.y_pixel = 5;
    begin_case(&with, &of);
    make_plan(&with, 2);
    make_memory(&with);
    execute(&with);
    ck_no_mistakes();
    ck_cuda(cudaMemcpy(&gap, (float *)with.y + 4, sizeof gap, cudaMemcpyDeviceToHost));
    ck_mistake("written");
    end_case(&with);
}
END_TEST

START_TEST(the_workspace_is_changed) {
    struct cudnn_case with;
    unsigned char first, last;
    begin_case(&with, &usual);
    make_plan(&with, 2);
    make_memory(&with);
    const size_t bytes = (size_t)with.workspace_bytes;
    ck_cuda(cudaMemset(with.workspace, 1, bytes));
    ck_cuda(cudaDeviceSynchronize());
    execute(&with);
    ck_cuda(cudaMemcpy(&first, with.workspace, 1, cudaMemcpyDeviceToHost));
    ck_cuda(cudaMemcpy(&last, (char *)with.workspace + bytes - 1, 1, cudaMemcpyDeviceToHost));
    ck_assert_uint_ne(first, 1);
    ck_assert_uint_ne(last, 1);
    end_case(&with);
}
END_TEST

START_TEST(tf32_rounds_the_operands) {
    struct cudnn_case with;
    static const struct convolution of = {.data = CUDNN_DATA_FLOAT,
                                          .n = 1,
                                          .c = 1,
                                          .h = 1,
                                          .w = 1,
                                          .k = 1,
                                          .r = 1,
                                          .s = 1,
                                          .mode = CUDNN_CROSS_CORRELATION};
    const float one = 1;
    float y;
    begin_case(&with, &of);
    make_plan(&with, 1);
    make_memory(&with);
    spoil_x(&with, 0, 1.00048828125); /* the tie goes to even */
    ck_cuda(cudaMemcpy(with.w, &one, sizeof one, cudaMemcpyHostToDevice));
    ck_cuda(cudaDeviceSynchronize());
    execute(&with);
    ck_cuda(cudaMemcpy(&y, with.y, sizeof y, cudaMemcpyDeviceToHost));
    ck_assert_float_eq(y, 1);
    end_case(&with);
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        every_type_and_ragged_size_gives_the_sums,
        views_with_gaps_and_filters_of_any_layout_are_read_and_written,
        paddings_ahead_and_behind_differ,
        steps_and_dilations_and_alpha_are_taken,
        a_convolution_proper_flips_the_filter,
        a_fused_relu_keeps_nan_only_where_it_is_asked,
        a_relu_without_an_upper_clip_stops_at_the_greatest_number,
        engines_that_are_not_exact_show_it,
        a_transformed_convolution_spreads_nan,
        only_elements_of_y_are_written,
        only_elements_of_y_count_as_written,
        the_workspace_is_changed,
        tf32_rounds_the_operands,
        NULL,
    };
    return suite_of("double.cudnn_results", tests);
}
