#include <math.h>
#include <stdint.h>

#include "elements/small_float.h"
#include "suite.h"

static bool same(double a, double b) {
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

START_TEST(every_16_bit_pattern_survives_the_way_through_f64) {
    const struct dblk_small_float *formats[] = {&dblk_f16, &dblk_bf16};
    for (int f = 0; f < 2; f++)
        for (unsigned bits = 0; bits <= 0xFFFF; bits++) {
            const double value = dblk_small_float_widen(formats[f], (uint16_t)bits);
            const uint16_t back = dblk_small_float_round(formats[f], value);
            if (isnan(value))
                ck_assert(isnan(dblk_small_float_widen(formats[f], back)));
            else
                ck_assert_uint_eq(back, bits);
        }
}
END_TEST

START_TEST(known_values_have_the_bits_of_IEEE_754) {
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 1.0), 0x3C00);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, -2.0), 0xC000);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 65504.0), 0x7BFF);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 0x1p-24), 0x0001);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 0x1p-14), 0x0400);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_bf16, 1.0), 0x3F80);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_bf16, -0.0), 0x8000);
    ck_assert(same(dblk_small_float_widen(&dblk_bf16, 0x0001), 0x1p-133));
    ck_assert(same(dblk_small_float_widen(&dblk_f16, 0xFC00), (double)-INFINITY));
}
END_TEST

/* Between each two neighbours: below the middle goes down, above goes up, the middle to even. */
START_TEST(rounding_is_to_nearest_ties_to_even) {
    const struct dblk_small_float *formats[] = {&dblk_f16, &dblk_bf16};
    for (int f = 0; f < 2; f++)
        for (unsigned bits = 0; bits < 0x7FFF; bits++) {
            const double low = dblk_small_float_widen(formats[f], (uint16_t)bits);
            const double high = dblk_small_float_widen(formats[f], (uint16_t)(bits + 1));
            if (!isfinite(low) || !isfinite(high))
                continue;
            const double middle = low + (high - low) / 2;
            const unsigned even = bits % 2 == 0 ? bits : bits + 1;
            ck_assert_uint_eq(dblk_small_float_round(formats[f], middle), even);
            ck_assert_uint_eq(dblk_small_float_round(formats[f], -middle), even | 0x8000);
            ck_assert_uint_eq(dblk_small_float_round(formats[f], nextafter(middle, 0)), bits);
            ck_assert_uint_eq(dblk_small_float_round(formats[f], nextafter(middle, high)),
                              bits + 1);
        }
}
END_TEST

START_TEST(what_is_too_large_becomes_infinite) {
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 65519.99), 0x7BFF);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 65520.0), 0x7C00);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, -1e300), 0xFC00);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_bf16, (double)INFINITY), 0x7F80);
}
END_TEST

START_TEST(what_is_too_small_becomes_zero_with_its_sign) {
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 0x1p-26), 0x0000);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, -0x1p-25), 0x8000);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 0x1.8p-25), 0x0001);
    ck_assert_uint_eq(dblk_small_float_round(&dblk_f16, 5e-324), 0x0000);
}
END_TEST

START_TEST(arrays_convert_between_all_types) {
    const double values[] = {0.0, -0.0, 1.5, -2.25, (double)INFINITY, (double)NAN};
    enum { COUNT = sizeof values / sizeof values[0] };
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++) {
            unsigned char source[COUNT * 8], converted[COUNT * 8];
            double back[COUNT];
            denseblock_convert((denseblock_type)from, source, DENSEBLOCK_F64, values, COUNT);
            denseblock_convert((denseblock_type)to, converted, (denseblock_type)from, source,
                               COUNT);
            denseblock_convert(DENSEBLOCK_F64, back, (denseblock_type)to, converted, COUNT);
            for (int i = 0; i < COUNT; i++)
                ck_assert_msg(same(back[i], values[i]), "%d -> %d, value %d: %g", from, to, i,
                              back[i]);
        }
}
END_TEST

START_TEST(nothing_is_converted_from_nowhere) {
    denseblock_convert(DENSEBLOCK_F32, NULL, DENSEBLOCK_F64, NULL, 0);
    denseblock_convert(DENSEBLOCK_F32, NULL, DENSEBLOCK_F32, NULL, 0);
}
END_TEST

START_TEST(type_names_and_sizes_agree) {
    const size_t sizes[] = {4, 8, 2, 2};
    for (int t = 0; t < 4; t++) {
        denseblock_type found;
        ck_assert_uint_eq(denseblock_type_size((denseblock_type)t), sizes[t]);
        ck_ok(denseblock_type_from_name(denseblock_type_name((denseblock_type)t), &found));
        ck_assert_int_eq((int)found, t);
    }
    denseblock_type found;
    ck_fails(denseblock_type_from_name("int8", &found), DENSEBLOCK_INVALID_ARGUMENT, "int8");
    ck_assert_uint_eq(denseblock_type_size((denseblock_type)99), 0);
    ck_assert_str_eq(denseblock_type_name((denseblock_type)-1), "unknown type");
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        every_16_bit_pattern_survives_the_way_through_f64,
        known_values_have_the_bits_of_IEEE_754,
        rounding_is_to_nearest_ties_to_even,
        what_is_too_large_becomes_infinite,
        what_is_too_small_becomes_zero_with_its_sign,
        arrays_convert_between_all_types,
        nothing_is_converted_from_nowhere,
        type_names_and_sizes_agree,
        NULL,
    };
    return suite_of("elements", tests);
}
