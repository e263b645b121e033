/* What a backend is: a row of function pointers. The plan, the weights and the layer loop call
 * it; it calls nothing of theirs. */
#ifndef DENSEBLOCK_HOST_BACKEND_H
#define DENSEBLOCK_HOST_BACKEND_H

#include "denseblock.h"

struct dblk_backend {
    denseblock_backend id;
    const char *name;
    const char *method; /* a few words for denseblock_plan_describe */

    /* Completes a plan whose shape and layers are laid out: weights_bytes, the layers'
     * weights_offset, workspace_bytes and thread_count. Refuses options it does not have with
     * DENSEBLOCK_UNSUPPORTED, and sizes that overflow with DENSEBLOCK_INVALID_ARGUMENT. */
    denseblock_status (*plan)(denseblock_plan *plan, const denseblock_plan_options *options);

    /* Repacks one checked kernel into the prepared weights. */
    denseblock_status (*prepare_layer)(denseblock_context *context, const denseblock_plan *plan,
                                       int64_t l, const void *kernel, void *prepared);

    /* Copies x[N,H,W,C0] to the first channels of y[N,H,W,C_L]. */
    denseblock_status (*place_input)(denseblock_context *context, const denseblock_plan *plan,
                                     const void *x, void *y);

    /* Reads channels [0,C_l) of y and writes channels [C_l,C_l+g_l). May report its progress. */
    denseblock_status (*forward_layer)(denseblock_context *context, const denseblock_plan *plan,
                                       int64_t l, const void *prepared, void *y, void *workspace);
};

extern const struct dblk_backend dblk_backend_reference;

/* The backend of that name, or the one that AUTO stands for. DENSEBLOCK_INVALID_ARGUMENT,
 * DENSEBLOCK_UNAVAILABLE. */
denseblock_status dblk_backend_find(denseblock_backend id, const struct dblk_backend **backend);

#endif
