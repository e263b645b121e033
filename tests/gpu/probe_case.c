#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "splitmix.h"

void probe_die(const char *what) {
    (void)fflush(stdout);
    fprintf(stderr, "block_probe: %s\n", what);
    exit(3);
}

void probe_check(denseblock_status status, const char *what) {
    if (status == DENSEBLOCK_OK)
        return;
    (void)fflush(stdout);
    fprintf(stderr, "block_probe: %s: %s: %s\n", what, denseblock_status_string(status),
            denseblock_last_error());
    exit(3);
}

void *probe_allocate(size_t bytes) {
    const size_t whole = (bytes / DENSEBLOCK_ALIGNMENT + 1) * DENSEBLOCK_ALIGNMENT;
    void *memory = aligned_alloc(DENSEBLOCK_ALIGNMENT, whole);
    if (memory == NULL)
        probe_die("no memory");
    return memory;
}

int64_t probe_channels(const struct probe_case *block, int64_t layer) {
    const denseblock_desc *const desc = &block->desc;
    int64_t channels = desc->channels;
    if (block->residual) /* the one before makes what it reads */
        return layer == 0 ? channels : desc->layers[layer - 1].growth;
    for (int64_t l = 0; l < layer; l++)
        channels += desc->layers[l].growth;
    return channels;
}

denseblock_status probe_plan(const struct probe_case *block, int64_t images,
                             denseblock_backend backend, const denseblock_plan_options *options,
                             denseblock_plan **plan) {
    denseblock_desc desc = block->desc;
    desc.batch = images;
    if (!block->residual)
        return denseblock_plan_create(&desc, backend, options, plan);
    const denseblock_residual_desc residual = {
        .batch = images,
        .height = desc.height,
        .width = desc.width,
        .channels = desc.channels,
        .hidden_channels = desc.layers[0].growth,
        .unit_count = desc.layer_count / 2,
        .kernel_height = desc.layers[0].kernel_height,
        .kernel_width = desc.layers[0].kernel_width,
        .type = desc.type,
        .arithmetic = desc.arithmetic,
    };
    return denseblock_residual_plan_create(&residual, backend, options, plan);
}

/* ---- Values ---- */

enum { CHUNK = 1024 };

static void *random_elements(denseblock_type type, size_t count, double bound, uint64_t seed) {
    const size_t size = denseblock_type_size(type);
    char *elements = probe_allocate(count * size);
    double values[CHUNK];
    for (size_t first = 0; first < count; first += CHUNK) {
        const size_t length = count - first < CHUNK ? count - first : CHUNK;
        for (size_t i = 0; i < length; i++)
            values[i] = bound * splitmix_signed(&seed);
        denseblock_convert(type, elements + first * size, DENSEBLOCK_F64, values, length);
    }
    return elements;
}

/* A few NaN and infinities. */
static void strew_specials(denseblock_type type, void *elements, size_t count, uint64_t *random) {
    static const double specials[] = {NAN, INFINITY, -INFINITY};
    const size_t size = denseblock_type_size(type);
    for (int64_t i = splitmix_between(random, 1, 3); i > 0 && count > 0; i--) {
        const size_t at = splitmix(random) % count;
        denseblock_convert(type, (char *)elements + at * size, DENSEBLOCK_F64,
                           &specials[splitmix_between(random, 0, 2)], 1);
    }
}

/* ---- Sizes ---- */

static void reserve_layers(int64_t count, struct probe_case *block) {
    block->desc.layer_count = count;
    block->layers = probe_allocate((size_t)(count + 1) * sizeof *block->layers);
    block->desc.layers = block->layers;
}

/* Small, ragged, and of any kernel sizes; now and then wide enough for whole tiles. */
static void draw_sizes(uint64_t *random, struct probe_case *block) {
    denseblock_desc *const desc = &block->desc;
    const bool wide = splitmix_between(random, 0, 3) == 0;
    const bool all_3x3 = splitmix_between(random, 0, 1) == 0;
    const bool one_growth = splitmix_between(random, 0, 1) == 0;
    const int64_t most_channels = wide ? 70 : 13,
                  growth = splitmix_between(random, 1, most_channels);
    desc->batch = splitmix_between(random, 1, 5);
    desc->height = splitmix_between(random, 1, 20);
    desc->width = splitmix_between(random, 1, 24);
    desc->channels = splitmix_between(random, 1, most_channels);
    reserve_layers(splitmix_between(random, 1, wide ? 3 : 6), block);
    for (int64_t l = 0; l < desc->layer_count; l++)
        block->layers[l] = (denseblock_layer){
            .kernel_height = all_3x3 ? 3 : splitmix_between(random, 1, 5),
            .kernel_width = all_3x3 ? 3 : splitmix_between(random, 1, 5),
            .growth = one_growth ? growth : splitmix_between(random, 1, most_channels),
        };
}

static void given_sizes(const struct probe_request *request, struct probe_case *block) {
    block->desc.batch = request->shape[0];
    block->desc.height = request->shape[1];
    block->desc.width = request->shape[2];
    block->desc.channels = request->shape[3];
    reserve_layers(request->layers, block);
    denseblock_layers_fill(block->layers, (size_t)request->layers, request->kernel_height,
                           request->kernel_width, request->growth);
}

/* All units are as the first layer says. */
static void make_residual(struct probe_case *block) {
    denseblock_desc *const desc = &block->desc;
    block->residual = true;
    desc->layer_count = desc->layer_count < 2 ? 2 : desc->layer_count / 2 * 2;
    for (int64_t l = 1; l < desc->layer_count; l++) {
        block->layers[l] = block->layers[0];
        if (l % 2 == 1)
            block->layers[l].growth = desc->channels;
    }
}

/* ---- The whole ---- */

static void order_images(const struct probe_request *request, uint64_t *random,
                         struct probe_case *block) {
    const int64_t batch = block->desc.batch;
    block->images = batch < request->images ? batch : request->images;
    block->image_of = probe_allocate((size_t)batch * sizeof *block->image_of);
    for (int64_t n = 0; n < batch; n++) /* each at least once */
        block->image_of[n] =
            n < block->images ? n : splitmix_between(random, 0, block->images - 1);
    for (int64_t n = batch - 1; n > 0; n--) {
        const int64_t other = splitmix_between(random, 0, n), kept = block->image_of[n];
        block->image_of[n] = block->image_of[other];
        block->image_of[other] = kept;
    }
}

static denseblock_type type_of(const struct probe_request *request, uint64_t seed) {
    static const denseblock_type types[] = {DENSEBLOCK_F32, DENSEBLOCK_F16, DENSEBLOCK_BF16,
                                            DENSEBLOCK_F64};
    return request->every_type ? types[seed % 4] : request->type;
}

void probe_case_make(const struct probe_request *request, uint64_t seed,
                     struct probe_case *block) {
    uint64_t random = seed;
    *block = (struct probe_case){.seed = seed};
    denseblock_desc *const desc = &block->desc;
    desc->type = type_of(request, seed);
    desc->arithmetic =
        desc->type == DENSEBLOCK_F32 ? request->arithmetic : DENSEBLOCK_ARITHMETIC_FULL;
    if (request->random > 0)
        draw_sizes(&random, block);
    else
        given_sizes(request, block);
    if (request->residual)
        make_residual(block);
    order_images(request, &random, block);
    block->in_place = splitmix_between(&random, 0, 1) == 0;

    const size_t x_count = (size_t)(block->images * desc->height * desc->width * desc->channels);
    block->x = random_elements(desc->type, x_count, 1.0, splitmix(&random));
    if (request->random > 0 && splitmix_between(&random, 0, 7) == 0)
        strew_specials(desc->type, block->x, x_count, &random);
    block->kernels = probe_allocate((size_t)desc->layer_count * sizeof *block->kernels);
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &block->layers[l];
        const int64_t sums =
            layer->kernel_height * layer->kernel_width * probe_channels(block, l);
        /* He et al. 2015, arXiv 1502.01852: values keep their size from layer to layer. */
        block->kernels[l] = random_elements(desc->type, (size_t)(sums * layer->growth),
                                            sqrt(6.0 / (double)sums), splitmix(&random));
    }
}

void probe_case_free(struct probe_case *block) {
    for (int64_t l = 0; l < block->desc.layer_count; l++)
        free(block->kernels[l]);
    free(block->kernels);
    free(block->x);
    free(block->image_of);
    free(block->layers);
    *block = (struct probe_case){0};
}
