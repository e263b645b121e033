#include "cpu_case.h"

#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"

#ifdef WIDE_KERNELS
const char *const instruction_sets[] = {"wide"};
#else
const char *const instruction_sets[] = {"portable", "avx2", "avx512"};
#endif
const int instruction_set_count = sizeof instruction_sets / sizeof instruction_sets[0];

const denseblock_type all_types[4] = {DENSEBLOCK_F32, DENSEBLOCK_F64, DENSEBLOCK_F16,
                                      DENSEBLOCK_BF16};
const denseblock_algorithm algorithms[3] = {
    DENSEBLOCK_ALGORITHM_DIRECT, DENSEBLOCK_ALGORITHM_WINOGRAD2, DENSEBLOCK_ALGORITHM_WINOGRAD4};

bool use_instruction_set(const char *name) {
    static denseblock_layer layer;
    denseblock_layers_fill(&layer, 1, 1, 1, 1);
    const denseblock_desc desc = {
        .batch = 1, .height = 1, .width = 1, .channels = 1, .layer_count = 1, .layers = &layer};
    ck_assert_int_eq(setenv("DENSEBLOCK_ISA", name, 1), 0);
    denseblock_plan *plan;
    const denseblock_status status =
        denseblock_plan_create(&desc, DENSEBLOCK_BACKEND_CPU, NULL, &plan);
    denseblock_plan_destroy(plan);
    ck_assert(status == DENSEBLOCK_OK || status == DENSEBLOCK_UNAVAILABLE);
    return status == DENSEBLOCK_OK;
}

static void forget_instruction_set(void) {
    ck_assert_int_eq(unsetenv("DENSEBLOCK_ISA"), 0);
}

Suite *cpu_suite(const char *name, const TTest *const *tests) {
    Suite *result = suite_create(name);
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, forget_instruction_set, forget_instruction_set);
    for (; *tests != NULL; tests++)
        tcase_add_test(tcase, *tests);
    suite_add_tcase(result, tcase);
    return result;
}

double tolerance(denseblock_type type, denseblock_algorithm algorithm) {
    if (type == DENSEBLOCK_F64)
        return 1e-12;
    if (type == DENSEBLOCK_F16)
        return 1e-3;
    if (type == DENSEBLOCK_BF16)
        return 8e-3;
    return algorithm == DENSEBLOCK_ALGORITHM_DIRECT      ? 1e-6
           : algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2 ? 2e-6
                                                         : 1e-5;
}

void compare(const struct fixture *found, const struct fixture *expected, double most,
             const char *what) {
    const denseblock_type type = found->desc.type;
    double difference = 0, norm = 0;
    for (size_t i = 0; i < fixture_y_count(expected); i++) {
        const double f = dblk_element_load(type, found->y, i);
        const double e = dblk_element_load(type, expected->y, i);
        /* Check keeps a record of every assertion, which takes longer than all the rest. */
        if (isnan(f) != isnan(e) || isinf(f) != isinf(e) || (isinf(f) && f != e))
            ck_abort_msg("%s: element %zu is %g, the reference has %g\n%s", what, i, f, e,
                         denseblock_plan_describe(found->plan));
        if (isfinite(e)) {
            difference += (f - e) * (f - e);
            norm += e * e;
        }
    }
    ck_assert_msg(sqrt(difference) <= most * sqrt(norm), "%s: relative L2 error %g\n%s", what,
                  sqrt(difference / norm), denseblock_plan_describe(found->plan));
}

void pair_make(struct pair *pair, const struct fixture *block, uint64_t seed,
               const denseblock_plan_options *options) {
    pair->cpu = pair->reference = *block;
    pair->cpu.backend = DENSEBLOCK_BACKEND_CPU;
    pair->cpu.desc.layers = pair->cpu.layers;
    pair->reference.desc.layers = pair->reference.layers;
    fixture_make(&pair->cpu, seed, options);
    fixture_make(&pair->reference, seed, NULL);
}

void pair_free(struct pair *pair) {
    fixture_free(&pair->cpu);
    fixture_free(&pair->reference);
}

void pair_check(struct pair *pair, double most, const char *what) {
    fixture_forward(&pair->cpu);
    fixture_forward(&pair->reference);
    compare(&pair->cpu, &pair->reference, most, what);
}

void random_3x3(struct fixture *block, uint64_t seed, denseblock_type type) {
    *block = (struct fixture){0};
    block->desc = (denseblock_desc){
        .batch = random_size(&seed, 1, 3),
        .height = random_size(&seed, 1, 14),
        .width = random_size(&seed, 1, 14),
        .channels = random_size(&seed, 1, 40),
        .layer_count = random_size(&seed, 1, 5),
        .layers = block->layers,
        .type = type,
    };
    for (int64_t l = 0; l < block->desc.layer_count; l++)
        denseblock_layers_fill(&block->layers[l], 1, 3, 3, random_size(&seed, 1, 37));
}

void uniform_3x3(struct fixture *block, int64_t batch, int64_t height, int64_t width,
                 int64_t channels, int64_t layers, int64_t growth) {
    *block = (struct fixture){0};
    block->desc = (denseblock_desc){.batch = batch,
                                    .height = height,
                                    .width = width,
                                    .channels = channels,
                                    .layer_count = layers,
                                    .layers = block->layers};
    denseblock_layers_fill(block->layers, (size_t)layers, 3, 3, growth);
}
