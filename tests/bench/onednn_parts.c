#include "onednn_parts.h"

#include <stdio.h>
#include <string.h>

char onednn_error_text[256];

bool fail(const char *what, const char *why) {
    if (onednn_error_text[0] == '\0')
        snprintf(onednn_error_text, sizeof onednn_error_text, "%s: %s", what, why);
    return false;
}

bool check(dnnl_status_t status, const char *what) {
    return status == dnnl_success || fail(what, dnnl_status2str(status));
}

/* Makes room for one more element in a list. */
static bool reserve(void **list, int count, int *capacity, size_t element) {
    if (count < *capacity)
        return true;
    int wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *larger = realloc(*list, (size_t)wanted * element);
    if (larger == NULL)
        return fail("list", "out of memory");
    *list = larger;
    *capacity = wanted;
    return true;
}

float *new_buffer(struct onednn_block *block, size_t elements) {
    size_t bytes = (elements * sizeof(float) + 63) / 64 * 64;
    float *data = block->buffer_count < MAX_BUFFERS ? aligned_alloc(64, bytes) : NULL;
    if (data == NULL) {
        fail("buffer", "out of memory");
        return NULL;
    }
    memset(data, 0, bytes);
    return block->buffers[block->buffer_count++] = data;
}

static dnnl_memory_t new_memory(struct onednn_block *block, api_const_md md, float *data) {
    dnnl_memory_t memory;
    if (!reserve((void **)&block->memories, block->memory_count, &block->memory_capacity,
                 sizeof(dnnl_memory_t)) ||
        !check(dnnl_memory_create(&memory, md, block->engine, data), "memory"))
        return NULL;
    return block->memories[block->memory_count++] = memory;
}

/* A tensor of one pass. */
static api_md new_features_md(const struct onednn_block *block, int channels) {
    const dnnl_dims_t dims = {block->pass_images, channels, block->height, block->width};
    api_md md = NULL;
    check(api_md_create(&md, dims, block->tag), "memory descriptor");
    return md;
}

dnnl_memory_t new_features(struct onednn_block *block, int channels, float *data) {
    api_md md = new_features_md(block, channels);
    dnnl_memory_t memory = md != NULL ? new_memory(block, md, data) : NULL;
    api_md_destroy(md);
    return memory;
}

/* Takes over pd. */
static dnnl_primitive_t new_primitive(struct onednn_block *block, dnnl_primitive_desc_t pd) {
    dnnl_primitive_t primitive;
    bool good = reserve((void **)&block->primitives, block->primitive_count,
                        &block->primitive_capacity, sizeof(dnnl_primitive_t)) &&
                check(dnnl_primitive_create(&primitive, pd), "primitive");
    dnnl_primitive_desc_destroy(pd);
    return good ? (block->primitives[block->primitive_count++] = primitive) : NULL;
}

static bool add_step(struct onednn_block *block, dnnl_primitive_t primitive, int arg_count,
                     const dnnl_exec_arg_t *args) {
    for (int i = 0; i < arg_count; i++)
        if (args[i].memory == NULL)
            return false;
    if (primitive == NULL || !reserve((void **)&block->steps, block->step_count,
                                      &block->step_capacity, sizeof *block->steps))
        return false;
    dnnl_exec_arg_t *copy = malloc((size_t)arg_count * sizeof *copy);
    if (copy == NULL)
        return fail("step", "out of memory");
    memcpy(copy, args, (size_t)arg_count * sizeof *copy);
    block->steps[block->step_count++] = (struct step){primitive, arg_count, copy};
    return true;
}

static bool execute(struct onednn_block *block, dnnl_primitive_t primitive, int arg_count,
                    const dnnl_exec_arg_t *args) {
    return check(dnnl_primitive_execute(primitive, block->stream, arg_count, args), "execute") &&
           check(dnnl_stream_wait(block->stream), "wait");
}

/* ---- The primitives of a layer ------------------------------------------------------------- */

dnnl_primitive_t new_relu(struct onednn_block *block, int channels) {
    dnnl_primitive_desc_t pd;
    api_md md = new_features_md(block, channels);
    bool good = md != NULL && check(api_relu(&pd, block->engine, md), "relu");
    api_md_destroy(md);
    return good ? new_primitive(block, pd) : NULL;
}

dnnl_primitive_t new_concat(struct onednn_block *block, int count, const int *channels) {
    api_md sources[MAX_LAYERS + 1] = {NULL};
    int sum = 0;
    bool good = true;
    for (int i = 0; i < count; i++) {
        sources[i] = new_features_md(block, channels[i]);
        good = good && sources[i] != NULL;
        sum += channels[i];
    }
    api_md dst = new_features_md(block, sum);
    dnnl_primitive_desc_t pd;
    good = good && dst != NULL &&
           check(api_concat(&pd, block->engine, dst, count, sources), "concat");
    for (int i = 0; i < count; i++)
        api_md_destroy(sources[i]);
    api_md_destroy(dst);
    return good ? new_primitive(block, pd) : NULL;
}

int padded_channel(const struct onednn_block *block, int channel) {
    if (channel < block->channels)
        return channel;
    int layer = (channel - block->channels) / block->growth;
    return block->slot_0 + layer * block->slot + (channel - block->channels) % block->growth;
}

/* The kernel with zeros where channels are padding, in the layout that the convolution wants. */
static dnnl_memory_t new_weights(struct onednn_block *block, int layer, const float *kernel,
                                 api_const_md wanted) {
    const int channels = block->channels + layer * block->growth;
    const int padded = block->slot_0 + layer * block->slot;
    const int taps = block->kernel_size * block->kernel_size;
    float *plain = calloc((size_t)taps * padded * block->slot, sizeof *plain);
    if (plain == NULL) {
        fail("weights", "out of memory");
        return NULL;
    }
    for (int tap = 0; tap < taps; tap++)
        for (int c = 0; c < channels; c++)
            memcpy(plain + ((size_t)tap * padded + padded_channel(block, c)) * block->slot,
                   kernel + ((size_t)tap * channels + c) * block->growth,
                   (size_t)block->growth * sizeof *plain);

    const dnnl_dims_t dims = {block->slot, padded, block->kernel_size, block->kernel_size};
    api_md plain_md = NULL;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t reorder;
    dnnl_memory_t from = NULL, to = NULL;
    if (check(api_md_create(&plain_md, dims, dnnl_hwio), "weights") &&
        check(dnnl_reorder_primitive_desc_create(&pd, plain_md, block->engine, wanted,
                                                 block->engine, NULL),
              "reorder") &&
        (reorder = new_primitive(block, pd)) != NULL) {
        from = new_memory(block, plain_md, plain);
        to = new_memory(block, wanted, DNNL_MEMORY_ALLOCATE);
    }
    bool good =
        from != NULL && to != NULL &&
        execute(block, reorder, 2, (dnnl_exec_arg_t[]){{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    api_md_destroy(plain_md);
    free(plain);
    return good ? to : NULL;
}

dnnl_primitive_t new_convolution(struct onednn_block *block, int layer, const float *kernel,
                                 dnnl_memory_t *weights) {
    const int channels = block->slot_0 + layer * block->slot, k = block->kernel_size;
    const dnnl_dims_t dims = {block->slot, channels, k, k}, padding = {(k - 1) / 2, (k - 1) / 2};
    dnnl_primitive_desc_t pd;
    api_md any = NULL, src = new_features_md(block, channels),
           dst = new_features_md(block, block->slot);
    bool good =
        src != NULL && dst != NULL &&
        check(api_md_create(&any, dims, dnnl_format_tag_any), "weights") &&
        check(api_convolution(&pd, block->engine, block->algorithm, src, any, dst, padding),
              block->algorithm == dnnl_convolution_winograd ? "Winograd convolution"
                                                            : "convolution");
    api_md_destroy(any);
    api_md_destroy(src);
    api_md_destroy(dst);
    if (!good)
        return NULL;

    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&name);
    snprintf(block->implementation, sizeof block->implementation, "%s", name);
    if (strncmp(name, "ref", 3) == 0) {
        dnnl_primitive_desc_destroy(pd);
        fail("convolution", "only the slow reference implementation takes this layout");
        return NULL;
    }
    *weights = new_weights(block, layer, kernel,
                           dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0));
    return new_primitive(block, pd);
}

bool add_relu(struct onednn_block *block, dnnl_primitive_t relu, dnnl_memory_t src,
              dnnl_memory_t dst) {
    return add_step(block, relu, 2,
                    (dnnl_exec_arg_t[]){{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
}

bool add_convolution(struct onednn_block *block, dnnl_primitive_t convolution, dnnl_memory_t src,
                     dnnl_memory_t weights, dnnl_memory_t dst) {
    return add_step(block, convolution, 3,
                    (dnnl_exec_arg_t[]){
                        {DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, dst}});
}

bool add_concat(struct onednn_block *block, dnnl_primitive_t concat, int count,
                const dnnl_memory_t *sources, dnnl_memory_t dst) {
    dnnl_exec_arg_t args[MAX_LAYERS + 2] = {{DNNL_ARG_DST, dst}};
    for (int i = 0; i < count; i++)
        args[i + 1] = (dnnl_exec_arg_t){DNNL_ARG_MULTIPLE_SRC + i, sources[i]};
    return add_step(block, concat, count + 1, args);
}
