/* Residual blocks of the backends of GPUs against the reference. */
#include <math.h>
#include <stdlib.h>

#include "against_reference.h"
#include "backends.h"
#include "elements/elements.h"
#include "on_double.h"

/* Slices by a workspace that has no room for the hidden channels of all images. */
START_TEST(it_equals_the_reference_on_random_residual_blocks) {
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct fixture fixture;
        const denseblock_type type = (denseblock_type)(seed % 4);
        fixture_random_residual(&fixture, seed, type);
        fixture_make(&fixture, seed, NULL);
        const denseblock_desc *desc = &fixture.desc;
        const size_t hidden = (size_t)(desc->height * desc->width * fixture.layers[0].growth) *
                              denseblock_type_size(type);
        const denseblock_plan_options options = {
            .workspace_limit = seed % 2 == 0 ? 0 : 2 * hidden + DENSEBLOCK_ALIGNMENT};
        char what[64];
        snprintf(what, sizeof what, "residual block, seed %llu, %s", (unsigned long long)seed,
                 denseblock_type_name(type));
        compare(what, &fixture, &options, seed % 3 == 0, seed % 5 == 0, seed % 7 == 0 ? 1 : 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(nan_and_inf_come_out_where_the_formula_puts_them) {
    static const double specials[] = {NAN, INFINITY, -INFINITY};
    for (uint64_t seed = 0; seed < 16; seed++) {
        struct fixture fixture;
        uint64_t state = seed;
        fixture_random_residual(&fixture, seed, (denseblock_type)(seed % 4));
        fixture_make(&fixture, seed, NULL);
        for (int i = 0; i < 3; i++) {
            const size_t place =
                (size_t)random_size(&state, 0, INT64_MAX - 1) % fixture_x_count(&fixture);
            dblk_element_store(fixture.desc.type, fixture.x, place, specials[i]);
        }
        char what[32];
        snprintf(what, sizeof what, "special values, seed %d", (int)seed);
        compare(what, &fixture, NULL, seed % 2 == 0, false, 0);
        fixture_free(&fixture);
    }
}
END_TEST

START_TEST(an_empty_batch_and_a_block_without_units_work) {
    struct fixture fixture = {
        .desc = {.height = 3, .width = 2, .channels = 5, .type = DENSEBLOCK_F32}};
    fixture_describe_residual(&fixture, 2, 3, 3, 3);
    fixture_make(&fixture, 1, NULL);
    compare("empty batch", &fixture, NULL, true, false, 0);
    fixture_free(&fixture);
    fixture = (struct fixture){
        .desc = {.batch = 2, .height = 3, .width = 2, .channels = 5, .type = DENSEBLOCK_F32}};
    fixture_describe_residual(&fixture, 0, 4, 3, 3);
    fixture_make(&fixture, 1, NULL);
    compare("no units", &fixture, NULL, false, true, 0);
    fixture_free(&fixture);
}
END_TEST

Suite *suite(void) {
    const TTest *const none[] = {NULL};
    const TTest *const tests[] = {
        it_equals_the_reference_on_random_residual_blocks,
        nan_and_inf_come_out_where_the_formula_puts_them,
        an_empty_batch_and_a_block_without_units_work,
        NULL,
    };
    return suite_of_backends("residual_block", none, tests, none, none);
}
