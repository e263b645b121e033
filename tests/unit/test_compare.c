/* What `denseblock compare` decides from numbers: the residual block's channels, and verdicts. */
#include "tool/compare_match.h"
#include "tool/compare_verdict.h"
#include "tool/spread.h"

#include <math.h>

#include "suite.h"

static quantity measured(double low, double value, double high, int64_t samples) {
    return (quantity){
        .known = true, .low = low, .value = value, .high = high, .samples = samples};
}

static void expect(quantity more, quantity less, verdict expected, const char *why) {
    const judgement found = judge(&more, &less);
    ck_assert_str_eq(verdict_name(found.verdict), verdict_name(expected));
    ck_assert_str_eq(found.why, why);
}

START_TEST(exact_figures_decide_unless_they_are_equal) {
    expect(exact_quantity(3), exact_quantity(2), VERDICT_CONFIRMED, "");
    expect(exact_quantity(2), exact_quantity(3), VERDICT_REFUTED, "");
    expect(exact_quantity(2), exact_quantity(2), VERDICT_UNDECIDED, "equal");
    expect(exact_quantity(0), exact_quantity(0), VERDICT_UNDECIDED, "equal");
    /* A byte in an exbibyte's thousandth. */
    expect(exact_quantity(0x1p50 + 1), exact_quantity(0x1p50), VERDICT_CONFIRMED, "");
}
END_TEST

START_TEST(ranges_decide_where_they_lie_apart) {
    const char *const overlap = "the ranges overlap";
    const quantity middle = measured(4, 5, 6, 7);
    expect(measured(6.5, 7, 8, 7), middle, VERDICT_CONFIRMED, "");
    expect(measured(2, 3, 3.5, 7), middle, VERDICT_REFUTED, "");
    expect(measured(6, 7, 8, 7), middle, VERDICT_UNDECIDED, overlap);
    expect(measured(2, 3, 4, 7), middle, VERDICT_UNDECIDED, overlap);
    expect(measured(4.5, 5, 5.5, 7), middle, VERDICT_UNDECIDED, overlap);
    expect(measured(1, 9, 10, 7), middle, VERDICT_UNDECIDED, overlap);
    expect(middle, middle, VERDICT_UNDECIDED, overlap);
    expect(exact_quantity(5), middle, VERDICT_UNDECIDED, overlap);
    expect(exact_quantity(7), middle, VERDICT_CONFIRMED, "");
}
END_TEST

/* One sample has a range of nothing, which would always decide. */
START_TEST(few_samples_do_not_decide) {
    for (int64_t samples = 1; samples <= LEAST_SAMPLES; samples++) {
        const quantity few = measured(8, 8, 8, samples);
        const quantity many = measured(1, 2, 3, 1000);
        const bool enough = samples >= LEAST_SAMPLES;
        const char *const why = enough ? "" : "fewer than 7 repeats";
        expect(few, many, enough ? VERDICT_CONFIRMED : VERDICT_UNDECIDED, why);
        expect(many, few, enough ? VERDICT_REFUTED : VERDICT_UNDECIDED, why);
    }
}
END_TEST

START_TEST(what_is_not_known_or_no_number_is_not_measured) {
    const quantity unknown = {.low = 1, .value = 1, .high = 1};
    const quantity one = exact_quantity(1);
    expect(unknown, one, VERDICT_NOT_MEASURED, "");
    expect(one, unknown, VERDICT_NOT_MEASURED, "");
    expect((quantity){0}, (quantity){0}, VERDICT_NOT_MEASURED, "");
    expect(exact_quantity(NAN), one, VERDICT_NOT_MEASURED, "");
    expect(one, exact_quantity(INFINITY), VERDICT_NOT_MEASURED, "");
}
END_TEST

START_TEST(a_range_leaves_out_the_least_and_the_most_seventh) {
    double values[] = {5, 1, 9, 3, 7};
    const spread five = spread_of(values, 5);
    ck_assert(five.least == 1 && five.low == 3 && five.median == 5 && five.high == 7 &&
              five.most == 9);
    double few[] = {4, 2};
    const spread two = spread_of(few, 2);
    ck_assert(two.least == 2 && two.low == 2 && two.median == 3 && two.high == 4 &&
              two.most == 4);
    double one = 6;
    const spread alone = spread_of(&one, 1);
    ck_assert(alone.low == 6 && alone.median == 6 && alone.high == 6);
    double many[29];
    for (size_t count = 3; count <= 29; count++) {
        for (size_t i = 0; i < count; i++)
            many[i] = (double)(count - i);
        const double cut = count < 14 ? 1 : count < 21 ? 2 : count < 28 ? 3 : 4;
        const spread found = spread_of(many, count);
        ck_assert(found.low == 1 + cut && found.high == (double)count - cut);
        ck_assert(found.least == 1 && found.most == (double)count);
    }
}
END_TEST

/* L layers of 3x2. */
static denseblock_residual_desc matched(int64_t channels, int64_t layer_count, int64_t growth,
                                        match by) {
    denseblock_layer layers[8];
    const denseblock_desc desc = {.batch = 2,
                                  .height = 5,
                                  .width = 7,
                                  .channels = channels,
                                  .layer_count = layer_count,
                                  .layers = layers,
                                  .type = DENSEBLOCK_F16};
    denseblock_layers_fill(layers, 8, 3, 2, growth);
    return matched_residual(&desc, by);
}

START_TEST(a_residual_block_of_the_same_channels_and_depth) {
    const denseblock_residual_desc block = matched(3, 6, 4, MATCH_CHANNELS);
    ck_assert_int_eq(block.channels, 3 + 6 * 4);
    ck_assert_int_eq(block.unit_count, 3);
    ck_assert_int_eq(block.kernel_height, 3);
    ck_assert_int_eq(block.kernel_width, 2);
    ck_assert_int_eq(block.batch, 2);
    ck_assert_int_eq(block.height, 5);
    ck_assert_int_eq(block.width, 7);
    ck_assert_int_eq(block.type, DENSEBLOCK_F16);
    ck_assert(residual_parameter_count(&block) == 6.0 * 3 * 2 * 27 * 27);
}
END_TEST

START_TEST(parameters_as_near_as_whole_channels_come) {
    for (int64_t channels = 1; channels < 40; channels++)
        for (int64_t growth = 1; growth < 40; growth += 3)
            for (int64_t layers = 2; layers <= 8; layers += 2) {
                denseblock_residual_desc block =
                    matched(channels, layers, growth, MATCH_PARAMETERS);
                double wanted = 0;
                for (int64_t l = 0; l < layers; l++)
                    wanted += 6.0 * (double)((channels + l * growth) * growth);
                const double error = fabs(residual_parameter_count(&block) - wanted);
                const int64_t found = block.channels;
                ck_assert_int_ge(found, 1);
                ck_assert_int_eq(found,
                                 matched(channels, layers, growth, MATCH_OPERATIONS).channels);
                for (block.channels = found > 1 ? found - 1 : 1; block.channels <= found + 1;
                     block.channels++)
                    ck_assert(error <= fabs(residual_parameter_count(&block) - wanted));
            }
}
END_TEST

START_TEST(without_layers_there_is_nothing_to_match) {
    for (int by = 0; by < 3; by++) {
        const denseblock_residual_desc block = matched(3, 0, 4, (match)by);
        ck_assert_int_eq(block.channels, 3);
        ck_assert_int_eq(block.unit_count, 0);
        ck_assert(residual_parameter_count(&block) == 0);
    }
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        exact_figures_decide_unless_they_are_equal,
        ranges_decide_where_they_lie_apart,
        few_samples_do_not_decide,
        what_is_not_known_or_no_number_is_not_measured,
        a_range_leaves_out_the_least_and_the_most_seventh,
        a_residual_block_of_the_same_channels_and_depth,
        parameters_as_near_as_whole_channels_come,
        without_layers_there_is_nothing_to_match,
        NULL,
    };
    return suite_of("compare", tests);
}
