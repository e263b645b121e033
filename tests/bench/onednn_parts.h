/* What a block of oneDNN primitives is made of: memory, primitives, steps. Functions that return
 * a pointer return NULL on an error, those that return bool false; onednn_block_error() tells
 * why. What they make belongs to the block. */
#ifndef DENSEBLOCK_BENCH_ONEDNN_PARTS_H
#define DENSEBLOCK_BENCH_ONEDNN_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "onednn_api.h"

enum { MAX_LAYERS = 64, MAX_BUFFERS = MAX_LAYERS + 8 };

/* One execution of a primitive. */
struct step {
    dnnl_primitive_t primitive; /* shared by the passes */
    int arg_count;
    dnnl_exec_arg_t *args;
};

struct onednn_block {
    int batch, height, width, channels, layers, growth, kernel_size;
    dnnl_alg_kind_t algorithm;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    char implementation[64];

    bool in_place;     /* layers write behind their input: blocked layouts */
    int channel_block; /* 8, 16, or 1 for nhwc */
    int slot_0, slot;  /* channels and growth, padded to the channel block */
    int pass_images;   /* images of one pass */
    int passes;
    dnnl_format_tag_t tag;

    float *y;       /* the result, pass by pass */
    float *x;       /* the input: the beginning of y when in place */
    size_t x_pitch; /* elements from one pass to the next */
    size_t y_pitch;

    float *buffers[MAX_BUFFERS];
    int buffer_count;
    /* Growing lists; memories are only kept to be destroyed. */
    struct step *steps;
    int step_count, step_capacity;
    dnnl_memory_t *memories;
    int memory_count, memory_capacity;
    dnnl_primitive_t *primitives;
    int primitive_count, primitive_capacity;
};

/* The text of the first error since it was emptied: what follows is its consequence. */
extern char onednn_error_text[256];

/* Both return false on an error, and keep its text. */
bool fail(const char *what, const char *why);
bool check(dnnl_status_t status, const char *what);

/* Zeroed, so that padding channels are 0 and stay it. */
float *new_buffer(struct onednn_block *block, size_t elements);

/* The features of one pass at `data`. */
dnnl_memory_t new_features(struct onednn_block *block, int channels, float *data);

dnnl_primitive_t new_relu(struct onednn_block *block, int channels);
dnnl_primitive_t new_concat(struct onednn_block *block, int count, const int *channels);
/* With the weights in the layout that the primitive wants. Fails where oneDNN has only its
 * reference implementation. */
dnnl_primitive_t new_convolution(struct onednn_block *block, int layer, const float *kernel,
                                 dnnl_memory_t *weights);

/* The position of a layer's input channel among the padded ones. */
int padded_channel(const struct onednn_block *block, int channel);

/* Adds an execution to the block's steps. NULL arguments are errors of their making: false. */
bool add_relu(struct onednn_block *block, dnnl_primitive_t relu, dnnl_memory_t src,
              dnnl_memory_t dst);
bool add_convolution(struct onednn_block *block, dnnl_primitive_t convolution, dnnl_memory_t src,
                     dnnl_memory_t weights, dnnl_memory_t dst);
bool add_concat(struct onednn_block *block, dnnl_primitive_t concat, int count,
                const dnnl_memory_t *sources, dnnl_memory_t dst);

#endif
