/* What a backend is: a row of function pointers. The plan, the weights and the layer loop call
 * it; it calls nothing of theirs. */
#ifndef DENSEBLOCK_HOST_BACKEND_H
#define DENSEBLOCK_HOST_BACKEND_H

#include "denseblock.h"

struct dblk_device;
struct dblk_problem;
struct dblk_region;
struct dblk_tensors;
struct dblk_text;

struct dblk_backend {
    denseblock_backend id;
    const char *name;
    const char *method;               /* a few words for denseblock_plan_describe */
    const struct dblk_device *device; /* the kind that it runs on */

    /* Whether this machine has what the backend needs beside the device: DENSEBLOCK_OK, or else why
     * not in `problem`. NULL: it needs nothing. */
    denseblock_status (*check)(struct dblk_problem *problem);

    /* Completes a plan whose shape and layers are laid out: weights_bytes, the layers'
     * weights_offset, workspace_bytes and thread_count; and how the layer loop shall walk, if not
     * layer by layer over the whole batch. The options have a workspace limit. Refuses options it
     * does not have with DENSEBLOCK_UNSUPPORTED, and sizes that overflow with
     * DENSEBLOCK_INVALID_ARGUMENT. */
    denseblock_status (*plan)(denseblock_plan *plan, const denseblock_plan_options *options);

    /* Gives back what the plan's details hold beside their own memory, also of a plan that was not
     * completed. NULL: they hold nothing. */
    void (*discard)(denseblock_plan *plan);

    /* What a context of this backend has beside its queue: open sets context->state, close gives it
     * back. Both are NULL where there is nothing. Between the device's enter and leave, as all that
     * follow, and while the queue is open. */
    denseblock_status (*open)(denseblock_context *context);
    void (*close)(denseblock_context *context);

    /* Repacks one checked kernel into the prepared weights. The layers come in order. */
    denseblock_status (*prepare_layer)(denseblock_context *context, const denseblock_plan *plan,
                                       int64_t l, const void *kernel, void *prepared);

    /* Copies a region of x[N,H,W,C0] to the first channels of the features, if x is not NULL. */
    denseblock_status (*place_input)(denseblock_context *context, const denseblock_plan *plan,
                                     const struct dblk_region *region, const void *x,
                                     void *features, void *workspace);

    /* Reads channels [0,C_l) of a region of the features, and writes the layer's g_l channels of the
     * outputs, or adds to them: see struct dblk_tensors. May report its progress. */
    denseblock_status (*forward_layer)(denseblock_context *context, const denseblock_plan *plan,
                                       int64_t l, const struct dblk_region *region,
                                       const void *prepared, const struct dblk_tensors *tensors,
                                       void *workspace);

    /* Called when all layers of a slice are done; NULL if there is nothing to do then. */
    denseblock_status (*finish_slice)(denseblock_context *context, const denseblock_plan *plan,
                                      const struct dblk_region *slice, const void *prepared,
                                      const struct dblk_tensors *tensors, void *workspace);

    /* The layers that are computed together with layer l, itself among them, for profilers. NULL:
     * every layer by itself. */
    void (*group)(const denseblock_plan *plan, int64_t l, int64_t *first, int64_t *count);

    /* Lines for denseblock_plan_describe: how the block will be computed. NULL: every layer
     * directly. */
    void (*describe)(struct dblk_text *text, const denseblock_plan *plan);
};

extern const struct dblk_backend dblk_backend_reference, dblk_backend_cpu, dblk_backend_cuda,
    dblk_backend_cublas, dblk_backend_cudnn;

/* The backend of that name, or the one that AUTO stands for, if it can run on that device.
 * DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_UNAVAILABLE. */
denseblock_status dblk_backend_find(denseblock_backend id, int device,
                                    const struct dblk_backend **backend);

#endif
