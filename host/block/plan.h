/* What a plan holds: the block as validated, and how it will run. Immutable once made. */
#ifndef DENSEBLOCK_HOST_PLAN_H
#define DENSEBLOCK_HOST_PLAN_H

#include "denseblock.h"

struct dblk_backend;

/* One layer, with what follows from the layers before it. */
struct dblk_layer {
    int64_t kernel_height;
    int64_t kernel_width;
    int64_t channels;      /* C_l: input channels; also the offset of its output in y */
    int64_t growth;        /* g_l */
    size_t weights_offset; /* bytes, in the prepared weights */
    double flops;
    int64_t delay; /* rows that it lags behind the input, where the plan walks in steps */
};

/* Part of the batch: rows of images. */
struct dblk_region {
    int64_t image, images; /* the first, and how many */
    int64_t row, rows;
};

struct denseblock_plan {
    const struct dblk_backend *backend;
    int64_t batch, height, width, channels; /* N, H, W, C0 */
    int64_t output_channels;                /* C_L */
    denseblock_type type;
    denseblock_arithmetic arithmetic;
    int device;
    int thread_count;
    size_t output_bytes;
    size_t weights_bytes;
    size_t workspace_bytes;
    double flops;
    double bytes_moved;
    double predicted_seconds; /* 0: nobody knows */
    /* The layer loop takes `slice_images` images through all layers before it goes on to the next.
     * Of an image too large for that it takes `step_rows` rows at a time: see forward.c. */
    int64_t slice_images;
    int64_t step_rows;
    void *details; /* of the backend, see its discard; memory of malloc, or NULL */
    char *description;
    int64_t layer_count;
    struct dblk_layer layers[];
};

/* Elements of layer l's kernel, kh * kw * C_l * g_l. */
static inline int64_t dblk_layer_kernel_count(const struct dblk_layer *layer) {
    return layer->kernel_height * layer->kernel_width * layer->channels * layer->growth;
}

#endif
