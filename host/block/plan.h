/* What a plan holds: the block as validated, and how it will run. Immutable once made. */
#ifndef DENSEBLOCK_HOST_PLAN_H
#define DENSEBLOCK_HOST_PLAN_H

#include "denseblock.h"

struct dblk_backend;
struct dblk_residual;

/* One layer, with what follows from the layers before it. */
struct dblk_layer {
    int64_t kernel_height;
    int64_t kernel_width;
    int64_t channels;       /* C_l: input channels */
    int64_t growth;         /* g_l */
    int64_t output_channel; /* where its output begins: in y at C_l */
    size_t weights_offset;  /* bytes, in the prepared weights */
    double flops;
    int64_t delay; /* rows that it lags behind the input, where the plan walks in steps */
};

/* What layers read and what they write: the first pixels of the batch. In a dense block both are y. */
struct dblk_tensors {
    void *features; /* channels [0, C_l) of pixels that are feature_pitch elements apart */
    void *outputs;  /* channels from output_channel on, of pixels output_pitch elements apart */
};

/* Part of the batch: rows of images. */
struct dblk_region {
    int64_t image, images; /* the first, and how many */
    int64_t row, rows;
};

struct denseblock_plan {
    const struct dblk_backend *backend;
    int64_t batch, height, width, channels; /* N, H, W, C0 */
    int64_t output_channels; /* C_L; of a placed plan, those read and written together */
    /* Where layers read and write: see struct dblk_tensors. */
    int64_t feature_pitch, output_pitch;
    bool adds;           /* outputs are added to what is there, and do not replace it */
    int64_t whole_batch; /* what the batch is a slice of, if the plan is placed; else the batch */
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
    struct dblk_residual
        *residual; /* of a residual block, whose convolutions have plans of their own;
                                       else NULL */
    char *description;
    int64_t layer_count;
    struct dblk_layer layers[];
};

/* Where a plan's only layer reads and writes, if not in y. */
struct dblk_placement {
    int64_t feature_pitch, output_pitch;
    bool adds;
    int64_t whole_batch; /* of the block that it is a part of */
    size_t taken; /* of the caller's workspace limit, which the options' is short of by as much */
};

/* The options, NULL for all default, checked and with a workspace limit. DENSEBLOCK_INVALID_ARGUMENT */
denseblock_status dblk_options_complete(const denseblock_plan_options *given,
                                        denseblock_plan_options *options);

/* A plan of zeros with room for so many layers. DENSEBLOCK_OUT_OF_MEMORY */
denseblock_status dblk_plan_allocate(int64_t layer_count, denseblock_plan **plan);

/* As denseblock_plan_create, but without a description.
 *
 *   options     complete
 *   placement   of the only layer; NULL for those of a dense block */
denseblock_status dblk_plan_make(const denseblock_desc *desc, denseblock_backend backend,
                                 const denseblock_plan_options *options,
                                 const struct dblk_placement *placement, denseblock_plan **plan);

/* Whether the plan is that of a placed layer. */
static inline bool dblk_plan_is_placed(const denseblock_plan *plan) {
    return plan->layer_count == 1 && plan->layers[0].output_channel == 0;
}

/* Elements of layer l's kernel, kh * kw * C_l * g_l. */
static inline int64_t dblk_layer_kernel_count(const struct dblk_layer *layer) {
    return layer->kernel_height * layer->kernel_width * layer->channels * layer->growth;
}

#endif
