#include "onednn_block.h"

#include <omp.h>

#include "onednn_parts.h"

/* ---- The two forms of the block ------------------------------------------------------------ */

/* Primitives and weights that all passes share. */
struct parts {
    dnnl_primitive_t relu_0, relu, convolutions[MAX_LAYERS];
    dnnl_memory_t weights[MAX_LAYERS];
};

static bool make_parts(struct onednn_block *block, const float *const *kernels,
                       struct parts *parts) {
    parts->relu_0 = new_relu(block, block->slot_0);
    parts->relu = new_relu(block, block->slot);
    for (int l = 0; l < block->layers; l++) {
        parts->convolutions[l] = new_convolution(block, l, kernels[l], &parts->weights[l]);
        if (parts->convolutions[l] == NULL || parts->weights[l] == NULL)
            return false;
    }
    return parts->relu_0 != NULL && parts->relu != NULL;
}

/* y keeps the features as they are, r after ReLU. A layer reads the first channels of r and
 * writes the next ones of y: nothing is ever concatenated. */
static bool build_in_place(struct onednn_block *block, const struct parts *parts) {
    const size_t plane = (size_t)block->pass_images * block->height * block->width;
    float *r = new_buffer(block, plane * (block->slot_0 + (size_t)block->layers * block->slot));
    if (r == NULL)
        return false;
    block->x = block->y;
    block->x_pitch = block->y_pitch;
    for (int pass = 0; pass < block->passes; pass++) {
        float *y = block->y + pass * block->y_pitch;
        if (!add_relu(block, parts->relu_0, new_features(block, block->slot_0, y),
                      new_features(block, block->slot_0, r)))
            return false;
        for (int l = 0; l < block->layers; l++) {
            const int channels = block->slot_0 + l * block->slot;
            dnnl_memory_t out = new_features(block, block->slot, y + plane * channels);
            dnnl_memory_t next = new_features(block, block->slot, r + plane * channels);
            if (!add_convolution(block, parts->convolutions[l], new_features(block, channels, r),
                                 parts->weights[l], out) ||
                (l + 1 < block->layers && !add_relu(block, parts->relu, out, next)))
                return false;
        }
    }
    return true;
}

/* Every layer's input is a dense tensor: the one before it and that layer's output after ReLU,
 * concatenated. The result is concatenated once, at the end. */
static bool build_with_copies(struct onednn_block *block, const struct parts *parts) {
    const int layers = block->layers;
    const size_t plane = (size_t)block->pass_images * block->height * block->width;
    const size_t widest = plane * (block->slot_0 + (size_t)layers * block->slot);
    float *r[2] = {new_buffer(block, widest), new_buffer(block, widest)};
    float *positive = new_buffer(block, plane * block->slot);
    block->x_pitch = plane * block->slot_0;
    block->x = new_buffer(block, block->passes * block->x_pitch);
    if (r[0] == NULL || r[1] == NULL || positive == NULL || block->x == NULL)
        return false;

    dnnl_primitive_t concats[MAX_LAYERS];
    dnnl_memory_t parts_of_y[MAX_LAYERS + 1];
    int part_channels[MAX_LAYERS + 1] = {block->slot_0};
    for (int l = 0; l < layers; l++) {
        concats[l] = new_concat(block, 2, (int[]){block->slot_0 + l * block->slot, block->slot});
        parts_of_y[l + 1] =
            new_features(block, block->slot, new_buffer(block, plane * block->slot));
        part_channels[l + 1] = block->slot;
    }
    dnnl_primitive_t last_concat = new_concat(block, layers + 1, part_channels);
    dnnl_memory_t added = new_features(block, block->slot, positive);
    for (int pass = 0; pass < block->passes; pass++) {
        parts_of_y[0] = new_features(block, block->slot_0, block->x + pass * block->x_pitch);
        dnnl_memory_t input = new_features(block, block->slot_0, r[0]);
        if (!add_relu(block, parts->relu_0, parts_of_y[0], input))
            return false;
        for (int l = 0; l < layers; l++) {
            if (!add_convolution(block, parts->convolutions[l], input, parts->weights[l],
                                 parts_of_y[l + 1]))
                return false;
            if (l + 1 == layers)
                break;
            dnnl_memory_t longer =
                new_features(block, block->slot_0 + (l + 1) * block->slot, r[(l + 1) % 2]);
            if (!add_relu(block, parts->relu, parts_of_y[l + 1], added) ||
                !add_concat(block, concats[l], 2, (dnnl_memory_t[]){input, added}, longer))
                return false;
            input = longer;
        }
        if (!add_concat(block, last_concat, layers + 1, parts_of_y,
                        new_features(block, block->slot_0 + layers * block->slot,
                                     block->y + pass * block->y_pitch)))
            return false;
    }
    return true;
}

static int round_up(int value, int multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

static bool build(struct onednn_block *block, const float *const *kernels,
                  enum onednn_layout layout) {
    static const struct {
        dnnl_format_tag_t tag;
        int channel_block;
        bool in_place, whole_batch;
    } layouts[] = {[ONEDNN_BLOCKED_8] = {dnnl_nChw8c, 8, true, false},
                   [ONEDNN_BLOCKED_16] = {dnnl_nChw16c, 16, true, false},
                   [ONEDNN_NHWC_IMAGE] = {dnnl_nhwc, 1, false, false},
                   [ONEDNN_NHWC_BATCH] = {dnnl_nhwc, 1, false, true}};
    if (block->layers < 1 || block->layers > MAX_LAYERS)
        return fail("layers", "too few or too many");
    block->tag = layouts[layout].tag;
    block->in_place = layouts[layout].in_place;
    block->channel_block = layouts[layout].channel_block;
    block->slot_0 = round_up(block->channels, block->channel_block);
    block->slot = round_up(block->growth, block->channel_block);
    block->pass_images = layouts[layout].whole_batch ? block->batch : 1;
    block->passes = block->batch / block->pass_images;
    block->y_pitch = (size_t)block->pass_images * block->height * block->width *
                     (block->slot_0 + (size_t)block->layers * block->slot);
    block->y = new_buffer(block, block->passes * block->y_pitch);

    struct parts parts = {NULL};
    return block->y != NULL && check(dnnl_engine_create(&block->engine, dnnl_cpu, 0), "engine") &&
           check(dnnl_stream_create(&block->stream, block->engine, dnnl_stream_default_flags),
                 "stream") &&
           make_parts(block, kernels, &parts) &&
           (block->in_place ? build_in_place(block, &parts) : build_with_copies(block, &parts));
}

/* ---- The interface ------------------------------------------------------------------------- */

struct onednn_block *onednn_block_create(int batch, int height, int width, int channels,
                                         int layers, int growth, int kernel_size,
                                         const float *const *kernels, enum onednn_layout layout,
                                         int winograd) {
    onednn_error_text[0] = '\0';
    struct onednn_block *block = calloc(1, sizeof *block);
    if (block == NULL) {
        fail("block", "out of memory");
        return NULL;
    }
    block->batch = batch;
    block->height = height;
    block->width = width;
    block->channels = channels;
    block->layers = layers;
    block->growth = growth;
    block->kernel_size = kernel_size;
    block->algorithm = winograd ? dnnl_convolution_winograd : dnnl_convolution_direct;
    if (!build(block, kernels, layout)) {
        onednn_block_destroy(block);
        return NULL;
    }
    return block;
}

void onednn_block_destroy(struct onednn_block *block) {
    if (block == NULL)
        return;
    for (int i = 0; i < block->step_count; i++)
        free(block->steps[i].args);
    free(block->steps);
    for (int i = 0; i < block->memory_count; i++)
        dnnl_memory_destroy(block->memories[i]);
    free(block->memories);
    for (int i = 0; i < block->primitive_count; i++)
        dnnl_primitive_destroy(block->primitives[i]);
    free(block->primitives);
    for (int i = 0; i < block->buffer_count; i++)
        free(block->buffers[i]);
    if (block->stream != NULL)
        dnnl_stream_destroy(block->stream);
    if (block->engine != NULL)
        dnnl_engine_destroy(block->engine);
    free(block);
}

/* Where in its pass a channel of a pixel lies; `channels` are those of the tensor. */
static size_t position(const struct onednn_block *block, int image, int pixel, int channel,
                       int channels) {
    const size_t pixels = (size_t)block->height * block->width;
    if (!block->in_place)
        return (image * pixels + pixel) * channels + channel;
    const int b = block->channel_block;
    return (channel / b * pixels + pixel) * b + channel % b;
}

void onednn_block_set_input(struct onednn_block *block, const float *x) {
    const int pixels = block->height * block->width;
    for (int n = 0; n < block->batch; n++) {
        float *to = block->x + n / block->pass_images * block->x_pitch;
        for (int i = 0; i < pixels; i++)
            for (int c = 0; c < block->channels; c++)
                to[position(block, n % block->pass_images, i, c, block->slot_0)] = *x++;
    }
}

void onednn_block_get_output(const struct onednn_block *block, float *y) {
    const int pixels = block->height * block->width;
    const int channels = block->channels + block->layers * block->growth;
    const int padded = block->slot_0 + block->layers * block->slot;
    for (int n = 0; n < block->batch; n++) {
        const float *from = block->y + n / block->pass_images * block->y_pitch;
        for (int i = 0; i < pixels; i++)
            for (int c = 0; c < channels; c++)
                *y++ = from[position(block, n % block->pass_images, i, padded_channel(block, c),
                                     padded)];
    }
}

int onednn_block_run(struct onednn_block *block) {
    onednn_error_text[0] = '\0';
    for (int i = 0; i < block->step_count; i++) {
        const struct step *step = &block->steps[i];
        if (!check(dnnl_primitive_execute(step->primitive, block->stream, step->arg_count,
                                          step->args),
                   "execute"))
            return 1;
    }
    return check(dnnl_stream_wait(block->stream), "wait") ? 0 : 1;
}

const char *onednn_block_implementation(const struct onednn_block *block) {
    return block->implementation;
}

void onednn_block_set_threads(int count) {
    omp_set_num_threads(count);
}

const char *onednn_block_error(void) {
    return onednn_error_text;
}

int onednn_block_version(void) {
    const dnnl_version_t *version = dnnl_version();
    return version->major * 10000 + version->minor * 100 + version->patch;
}
