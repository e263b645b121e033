#include "sample.h"

#include <math.h>
#include <stdlib.h>

#include "backends.h"
#include "suite.h"

static void describe(struct sample *sample, int64_t layers) {
    *sample = (struct sample){0};
    struct fixture *fixture = &sample->fixture;
    fixture->desc = (denseblock_desc){.batch = 2,
                                      .height = 3,
                                      .width = 5,
                                      .channels = 3,
                                      .layer_count = layers,
                                      .layers = fixture->layers,
                                      .type = DENSEBLOCK_F32};
    denseblock_layers_fill(fixture->layers, 2, 3, 3, 4);
    denseblock_layers_fill(fixture->layers + 2, 1, 1, 1, 2);
}

static void complete(struct sample *sample) {
    struct fixture *fixture = &sample->fixture;
    fixture_make(fixture, 1, NULL);
    sample->tolerance = 1e-5F;
    sample->y = aligned_memory(fixture_y_count(fixture) * sizeof(float));
    sample->block = (struct cuda_case){.backend = tested,
                                       .desc = &fixture->desc,
                                       .residual = fixture->residual,
                                       .kernels = (const void *const *)fixture->kernels,
                                       .x = fixture->x,
                                       .y = sample->y};
}

void sample_make(struct sample *sample) {
    describe(sample, 3);
    complete(sample);
}

/* The workspace holds the hidden channels of one image of two. */
void sample_make_residual(struct sample *sample) {
    describe(sample, 0);
    fixture_describe_residual(&sample->fixture, 2, 7, 5, 3);
    sample->options = (denseblock_plan_options){.workspace_limit = 3 * 5 * 7 * sizeof(float) * 3};
    complete(sample);
    sample->block.options = &sample->options;
}

/* Without the last layer. */
void sample_make_winograd(struct sample *sample) {
    describe(sample, 2);
    complete(sample);
    sample->fixture.desc.arithmetic = DENSEBLOCK_ARITHMETIC_TF32X3;
}

void sample_free(struct sample *sample) {
    free(sample->y);
    fixture_free(&sample->fixture);
}

void check_result(struct sample *sample) {
    fixture_forward(&sample->fixture);
    const float *expected = sample->fixture.y, *found = sample->y;
    for (size_t i = 0; i < fixture_y_count(&sample->fixture); i++)
        if (!(fabsf(found[i] - expected[i]) <= sample->tolerance))
            ck_abort_msg("element %zu is %g, expected %g", i, (double)found[i],
                         (double)expected[i]);
}

static void *allocate(struct ready *ready, size_t bytes) {
    void *address;
    ck_ok(denseblock_buffers_allocate(ready->buffers, ready->context, DENSEBLOCK_MEMORY_DEVICE,
                                      bytes, "some", &address));
    return address;
}

void prepare(const struct sample *sample, struct ready *ready) {
    const denseblock_desc *desc = &sample->fixture.desc;
    const void *kernels[FIXTURE_MAX_LAYERS];
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const int64_t inputs = described_inputs(desc, sample->block.residual, l);
        const size_t bytes =
            (size_t)(layer->kernel_height * layer->kernel_width * inputs * layer->growth) *
            sizeof(float);
        void *kernel = allocate(ready, bytes);
        ck_ok(denseblock_copy(ready->context, DENSEBLOCK_UPLOAD, kernel, bytes,
                              sample->fixture.kernels[l], bytes, bytes, 1));
        kernels[l] = kernel;
    }
    ck_ok(denseblock_weights_prepare(ready->context, ready->plan, kernels, ready->prepared));
}

void get_ready(const struct sample *sample, int device, struct ready *ready) {
    const denseblock_desc *desc = &sample->fixture.desc;
    denseblock_plan_options options = {0};
    if (sample->block.options != NULL)
        options = *sample->block.options;
    options.device = device;
    const size_t x_pixel = (size_t)desc->channels * sizeof(float);
    *ready = (struct ready){0};
    ck_ok(described_plan_create(desc, sample->block.residual, tested, &options, &ready->plan));
    ck_ok(denseblock_context_create(tested, device, &ready->context));
    ck_ok(denseblock_buffers_create(false, &ready->buffers));
    ready->prepared = allocate(ready, denseblock_plan_weights_bytes(ready->plan));
    ready->workspace = allocate(ready, denseblock_plan_workspace_bytes(ready->plan));
    ready->y = allocate(ready, denseblock_plan_output_bytes(ready->plan));
    prepare(sample, ready);
    ck_ok(denseblock_copy(ready->context, DENSEBLOCK_UPLOAD, ready->y,
                          (size_t)denseblock_plan_output_channels(ready->plan) * sizeof(float),
                          sample->fixture.x, x_pixel, x_pixel,
                          (size_t)(desc->batch * desc->height * desc->width)));
    ck_ok(denseblock_context_synchronize(ready->context));
}

void let_go(struct ready *ready) {
    denseblock_buffers_destroy(ready->buffers);
    denseblock_context_destroy(ready->context);
    denseblock_plan_destroy(ready->plan);
}

denseblock_status forward(const struct ready *ready) {
    return denseblock_forward(ready->context, ready->plan, ready->prepared, NULL, ready->y,
                              ready->workspace);
}

void download(const struct ready *ready, struct sample *sample) {
    const size_t bytes = denseblock_plan_output_bytes(ready->plan);
    ck_ok(denseblock_copy(ready->context, DENSEBLOCK_DOWNLOAD, sample->y, bytes, ready->y, bytes,
                          bytes, 1));
    ck_ok(denseblock_context_synchronize(ready->context));
}
