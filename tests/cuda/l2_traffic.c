#include "l2_traffic.h"

#include <math.h>
#include <stdlib.h>

#include "fixture.h"
#include "l2_replay.h"
#include "on_double.h"

struct device_block {
    denseblock_plan *plan;
    denseblock_context *context;
    denseblock_buffers *buffers;
    void *prepared, *workspace, *y;
    int multiprocessors;
};

static void *allocate(const struct device_block *made, size_t bytes) {
    void *address;
    ck_ok(denseblock_buffers_allocate(made->buffers, made->context, DENSEBLOCK_MEMORY_DEVICE,
                                      bytes, "some", &address));
    return address;
}

static void upload(const struct device_block *made, void *dst, size_t dst_pitch, const void *src,
                   size_t src_pitch, size_t rows) {
    ck_ok(denseblock_copy(made->context, DENSEBLOCK_UPLOAD, dst, dst_pitch, src, src_pitch,
                          src_pitch, rows));
}

static void prepare(const struct device_block *made, const struct fixture *fixture) {
    const denseblock_desc *desc = &fixture->desc;
    const void *kernels[FIXTURE_MAX_LAYERS];
    int64_t channels = desc->channels;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *layer = &desc->layers[l];
        const size_t bytes =
            (size_t)(layer->kernel_height * layer->kernel_width * channels * layer->growth) *
            denseblock_type_size(desc->type);
        void *kernel = allocate(made, bytes);
        upload(made, kernel, bytes, fixture->kernels[l], bytes, 1);
        kernels[l] = kernel;
        channels += layer->growth;
    }
    ck_ok(denseblock_weights_prepare(made->context, made->plan, kernels, made->prepared));
}

/* The number before these words. */
static double number_before(const char *text, const char *words) {
    const char *number = strstr(text, words);
    ck_assert_ptr_nonnull(number);
    while (number > text && number[-1] != ' ' && number[-1] != '\n')
        number--;
    return strtod(number, NULL);
}

/* What the plan says of itself. */
static void read_description(const char *text, int64_t batch, struct l2_sizes *sizes) {
    const bool one = strstr(text, " image at a time") != NULL;
    const double images = number_before(text, one ? " image at a time" : " images at a time");
    sizes->predicted = 1e6 * number_before(text, " MB of memory");
    sizes->slices = (int)ceil((double)batch / images);
}

/* Everything on the device, x in y. */
static void make(const struct fixture *fixture, const denseblock_plan_options *options,
                 struct device_block *made, struct l2_sizes *sizes) {
    const denseblock_desc *desc = &fixture->desc;
    const size_t size = denseblock_type_size(desc->type);
    ck_ok(denseblock_plan_create(desc, DENSEBLOCK_BACKEND_CUDA, options, &made->plan));
    ck_ok(denseblock_context_create(DENSEBLOCK_BACKEND_CUDA, 0, &made->context));
    ck_ok(denseblock_buffers_create(false, &made->buffers));
    *sizes = (struct l2_sizes){.y = denseblock_plan_output_bytes(made->plan),
                               .weights = denseblock_plan_weights_bytes(made->plan),
                               .workspace = denseblock_plan_workspace_bytes(made->plan)};
    read_description(denseblock_plan_describe(made->plan), desc->batch, sizes);
    made->prepared = allocate(made, sizes->weights);
    made->workspace = allocate(made, sizes->workspace);
    made->y = allocate(made, sizes->y);
    prepare(made, fixture);
    upload(made, made->y, (size_t)denseblock_plan_output_channels(made->plan) * size, fixture->x,
           (size_t)desc->channels * size, (size_t)(desc->batch * desc->height * desc->width));
    ck_ok(denseblock_context_synchronize(made->context));
}

static void trace_forward(const struct device_block *made, struct l2_replay *replay) {
    const struct emulator_settings traced = {.trace = l2_replay_trace, .tracer = replay};
    const struct emulator_settings usual = {.seed = 0};
    emulator_set(&traced);
    ck_ok(denseblock_forward(made->context, made->plan, made->prepared, NULL, made->y,
                             made->workspace));
    ck_ok(denseblock_context_synchronize(made->context));
    emulator_set(&usual);
    l2_replay_finish(replay);
}

static void replay_forward(const struct device_block *made, struct l2_case *cases, size_t count,
                           const struct l2_sizes *sizes) {
    struct l2_model *models[L2_MOST_MODELS];
    ck_assert_uint_le(count, L2_MOST_MODELS);
    for (size_t c = 0; c < count; c++) {
        if (cases[c].times > 0)
            cases[c].bytes = (size_t)((double)(sizes->y + sizes->workspace) * cases[c].times);
        models[c] = l2_create(cases[c].bytes);
    }
    struct l2_replay *replay = l2_replay_create((size_t)made->multiprocessors, models, count);
    trace_forward(made, replay);
    l2_replay_destroy(replay);
    for (size_t c = 0; c < count; c++) {
        l2_write_back(models[c], (uintptr_t)made->y / L2_SECTOR_BYTES,
                      (sizes->y + L2_SECTOR_BYTES - 1) / L2_SECTOR_BYTES);
        cases[c].traffic = l2_traffic(models[c]);
        cases[c].left = l2_unwritten(models[c]);
        l2_destroy(models[c]);
    }
}

void l2_traffic_of(const struct l2_block *block, struct l2_case *cases, size_t count,
                   struct l2_sizes *sizes) {
    struct fixture fixture = {.desc = {.batch = block->batch,
                                       .height = block->size,
                                       .width = block->size,
                                       .channels = block->channels,
                                       .layer_count = block->layers,
                                       .type = block->type}};
    /* Memory is as much slower as there are fewer multiprocessors. */
    enum { H100_MULTIPROCESSORS = 132, H100_MEGAHERTZ = 2619 };
    const struct cuda_double_machine machine = {
        .multiprocessors = block->multiprocessors,
        .l2_bytes = block->l2_bytes,
        .memory_megahertz = H100_MEGAHERTZ * block->multiprocessors / H100_MULTIPROCESSORS /
                            (block->slowness == 0 ? 1 : block->slowness),
    };
    struct device_block made = {.multiprocessors = block->multiprocessors};
    fixture.desc.layers = fixture.layers;
    const int64_t kernel = block->kernel == 0 ? 3 : block->kernel;
    denseblock_layers_fill(fixture.layers, (size_t)block->layers, kernel, kernel, block->growth);
    fixture_make(&fixture, 1, NULL);
    cuda_double_begin(&machine);
    emulator_clear();
    make(&fixture, &block->options, &made, sizes);
    replay_forward(&made, cases, count, sizes);
    denseblock_buffers_destroy(made.buffers);
    denseblock_context_destroy(made.context);
    denseblock_plan_destroy(made.plan);
    check_quiet(block->name);
    fixture_free(&fixture);
}
