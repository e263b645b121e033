#include "fixture.h"

#include <math.h>
#include <stdlib.h>

#include "elements/elements.h"
#include "suite.h"

uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

double random_between(uint64_t *state, double low, double high) {
    return low + (high - low) * (double)(next_random(state) >> 11) * 0x1p-53;
}

int64_t random_size(uint64_t *state, int64_t low, int64_t high) {
    return low + (int64_t)(next_random(state) % (uint64_t)(high - low + 1));
}

void *aligned_memory(size_t bytes) {
    const size_t rounded = (bytes / DENSEBLOCK_ALIGNMENT + 1) * DENSEBLOCK_ALIGNMENT;
    void *memory = aligned_alloc(DENSEBLOCK_ALIGNMENT, rounded);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

void fixture_random_desc(struct fixture *fixture, uint64_t seed, denseblock_type type) {
    *fixture = (struct fixture){0};
    fixture->desc = (denseblock_desc){
        .batch = random_size(&seed, 1, 3),
        .height = random_size(&seed, 1, 7),
        .width = random_size(&seed, 1, 11),
        .channels = random_size(&seed, 1, 5),
        .layer_count = random_size(&seed, 1, 4),
        .layers = fixture->layers,
        .type = type,
    };
    for (int64_t l = 0; l < fixture->desc.layer_count; l++)
        fixture->layers[l] = (denseblock_layer){
            .kernel_height = random_size(&seed, 1, 5),
            .kernel_width = random_size(&seed, 1, 5),
            .growth = random_size(&seed, 1, 7),
        };
}

void fixture_describe_residual(struct fixture *fixture, int64_t units, int64_t hidden_channels,
                               int64_t kernel_height, int64_t kernel_width) {
    fixture->residual = true;
    fixture->desc.layers = fixture->layers;
    fixture->desc.layer_count = 2 * units;
    for (int64_t l = 0; l == 0 || l < 2 * units; l++)
        fixture->layers[l] = (denseblock_layer){
            .kernel_height = kernel_height,
            .kernel_width = kernel_width,
            .growth = l % 2 == 0 ? hidden_channels : fixture->desc.channels,
        };
}

void fixture_random_residual(struct fixture *fixture, uint64_t seed, denseblock_type type) {
    *fixture = (struct fixture){0};
    fixture->desc = (denseblock_desc){
        .batch = random_size(&seed, 1, 4),
        .height = random_size(&seed, 1, 7),
        .width = random_size(&seed, 1, 11),
        .channels = random_size(&seed, 1, 20),
        .type = type,
    };
    const int64_t units = random_size(&seed, 1, 3), hidden = random_size(&seed, 1, 20);
    const int64_t kernel_height = random_size(&seed, 1, 5);
    fixture_describe_residual(fixture, units, hidden, kernel_height, random_size(&seed, 1, 5));
}

denseblock_status described_plan_create(const denseblock_desc *desc, bool residual,
                                        denseblock_backend backend,
                                        const denseblock_plan_options *options,
                                        denseblock_plan **plan) {
    if (!residual)
        return denseblock_plan_create(desc, backend, options, plan);
    const denseblock_residual_desc block = {
        .batch = desc->batch,
        .height = desc->height,
        .width = desc->width,
        .channels = desc->channels,
        .hidden_channels = desc->layers[0].growth,
        .unit_count = desc->layer_count / 2,
        .kernel_height = desc->layers[0].kernel_height,
        .kernel_width = desc->layers[0].kernel_width,
        .type = desc->type,
        .arithmetic = desc->arithmetic,
    };
    return denseblock_residual_plan_create(&block, backend, options, plan);
}

int64_t described_inputs(const denseblock_desc *desc, bool residual, int64_t l) {
    int64_t channels = desc->channels;
    if (residual)
        return l % 2 == 0 ? channels : desc->layers[0].growth;
    for (int64_t before = 0; before < l; before++)
        channels += desc->layers[before].growth;
    return channels;
}

static void *random_array(uint64_t *seed, denseblock_type type, size_t count, double scale) {
    void *array = aligned_memory(count * denseblock_type_size(type));
    for (size_t i = 0; i < count; i++)
        dblk_element_store(type, array, i, random_between(seed, -scale, scale));
    return array;
}

size_t fixture_x_count(const struct fixture *fixture) {
    const denseblock_desc *desc = &fixture->desc;
    return (size_t)(desc->batch * desc->height * desc->width * desc->channels);
}

size_t fixture_y_count(const struct fixture *fixture) {
    return denseblock_plan_output_bytes(fixture->plan) / denseblock_type_size(fixture->desc.type);
}

void fixture_make(struct fixture *fixture, uint64_t seed,
                  const denseblock_plan_options *options) {
    const denseblock_desc *desc = &fixture->desc;
    const denseblock_backend backend = fixture->backend == DENSEBLOCK_BACKEND_AUTO
                                           ? DENSEBLOCK_BACKEND_REFERENCE
                                           : fixture->backend;
    ck_ok(described_plan_create(desc, fixture->residual, backend, options, &fixture->plan));
    ck_ok(denseblock_context_create(backend, 0, &fixture->context));

    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const int64_t inputs = layer->kernel_height * layer->kernel_width *
                               described_inputs(desc, fixture->residual, l);
        fixture->kernels[l] = random_array(&seed, desc->type, (size_t)(inputs * layer->growth),
                                           sqrt(6.0 / (double)inputs));
    }
    fixture->x = random_array(&seed, desc->type, fixture_x_count(fixture), 1);
    fixture->y = aligned_memory(denseblock_plan_output_bytes(fixture->plan));
    for (size_t i = 0; i < fixture_y_count(fixture); i++)
        dblk_element_store(desc->type, fixture->y, i, (double)NAN);

    fixture->prepared = aligned_memory(denseblock_plan_weights_bytes(fixture->plan));
    fixture->workspace = aligned_memory(denseblock_plan_workspace_bytes(fixture->plan));
    ck_ok(denseblock_weights_prepare(fixture->context, fixture->plan,
                                     (const void *const *)fixture->kernels, fixture->prepared));
}

void fixture_forward(struct fixture *fixture) {
    ck_ok(denseblock_forward(fixture->context, fixture->plan, fixture->prepared, fixture->x,
                             fixture->y, fixture->workspace));
}

void fixture_strew_specials(struct fixture *fixture, uint64_t *state, int64_t count) {
    static const double specials[] = {NAN, INFINITY, -INFINITY};
    const int64_t first = random_size(state, 0, 2);
    for (int64_t i = 0; i < count; i++)
        dblk_element_store(fixture->desc.type, fixture->x,
                           (size_t)random_size(state, 0, (int64_t)fixture_x_count(fixture) - 1),
                           specials[(first + i) % 3]);
}

void fixture_check_formula(const struct fixture *fixture, const double *expected,
                           double roundings, unsigned long seed) {
    /* The spacing of each type's numbers at 1; for f64, in which the sums are made, what a hundred or
     * two roundings may add up to. */
    static const double spacing[] = {0x1p-23, 0x1p-46, 0x1p-10, 0x1p-7};
    const denseblock_type type = fixture->desc.type;
    const size_t count = fixture_y_count(fixture);
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (size_t i = 0; i < count; i++) {
        const double found = dblk_element_load(type, fixture->y, i);
        ck_assert_msg(fabs(found - expected[i]) <= roundings * spacing[type] * largest,
                      "seed %lu, %s, element %zu: %.17g, the formula gives %.17g", seed,
                      denseblock_type_name(type), i, found, expected[i]);
    }
}

void fixture_free(struct fixture *fixture) {
    for (int l = 0; l < FIXTURE_MAX_LAYERS; l++)
        free(fixture->kernels[l]);
    free(fixture->x);
    free(fixture->y);
    free(fixture->prepared);
    free(fixture->workspace);
    denseblock_context_destroy(fixture->context);
    denseblock_plan_destroy(fixture->plan);
    *fixture = (struct fixture){0};
}
