/* What the cudnn backend adds to a plan: how each layer is computed, and with which engine.
 *
 * A layer has one of three forms, the first for which cuDNN has an engine:
 *
 *   fused      reads the features, with the ReLU in the same operation graph, and writes the
 *              outputs.
 *   rectified  reads a copy of the features after the ReLU, and writes the outputs. The copy serves
 *              all layers: each adds to it only the channels that are new.
 *   packed     reads a copy of its own, without gaps between the pixels, and writes another one,
 *              which is then copied to its channels of the outputs.
 *
 * Where the plan adds to the outputs, every form writes what the packed one does, and that is added
 * to them: rounded to the type first, as cuDNN stores it.
 *
 * An engine for the fused form wants the tensors to begin at a multiple of some bytes, which is not
 * known yet, and which no user owes us. So such a layer has a spare: packed, for one image at a
 * time.
 *
 * Workspace: the features after the ReLU [pixels of a slice][rectified_stride], if any layer reads
 * them; then what one layer uses: packed input, packed output, and at the next multiple of
 * DBLK_CUDNN_ALIGNMENT what the engine computes in. Prepared weights: for each layer
 * [growth][kernel_height][kernel_width][channels], at a multiple of DENSEBLOCK_ALIGNMENT. */
#ifndef DENSEBLOCK_HOST_CUDNN_PLAN_H
#define DENSEBLOCK_HOST_CUDNN_PLAN_H

#include <pthread.h>

#include "backends/cudnn/cudnn_engine.h"
#include "block/plan.h"

enum { DBLK_CUDNN_ALIGNMENT = 256 }; /* of an engine's workspace, as cudaMalloc gives it */

/* Bytes of which the address of features and outputs has to be a multiple for engines that read and
 * write them: of y, in a dense block. */
enum { DBLK_CUDNN_Y_ALIGNMENT = 16 };

enum dblk_cudnn_form { DBLK_CUDNN_FUSED, DBLK_CUDNN_RECTIFIED, DBLK_CUDNN_PACKED };

struct dblk_cudnn_step {
    enum dblk_cudnn_form form;
    int64_t images;    /* at a time */
    int64_t first_new; /* rectified: channels from here to C_l are new in the copy */
    size_t output_offset, engine_offset; /* bytes, in what one layer uses */
    struct dblk_cudnn_engine engine;     /* without a plan: there is no such step */
};

struct dblk_cudnn_layer {
    struct dblk_cudnn_step step;
    struct dblk_cudnn_step spare; /* of a fused one */
};

struct dblk_cudnn_plan {
    struct dblk_cudnn library;
    size_t version;
    cudnnHandle_t handle; /* that the engines were found with */
    /* Handles are for one thread each, and so are cuDNN's execution plans, though they do not
     * change: one thread at a time enqueues. */
    pthread_mutex_t gate;
    int64_t rectified_stride; /* elements */
    size_t rectified_bytes;   /* 0: no layer reads them */
    struct dblk_cudnn_layer layers[];
};

static inline struct dblk_cudnn_plan *dblk_cudnn_plan_of(const denseblock_plan *plan) {
    return (struct dblk_cudnn_plan *)plan->details;
}

/* Whether such a layer's outputs are computed in the workspace. */
static inline bool dblk_cudnn_writes_apart(const denseblock_plan *plan,
                                           enum dblk_cudnn_form form) {
    return plan->adds || form == DBLK_CUDNN_PACKED;
}

/* plan, discard and describe of struct dblk_backend. */
denseblock_status dblk_cudnn_plan_make(denseblock_plan *plan,
                                       const denseblock_plan_options *options);
void dblk_cudnn_plan_discard(denseblock_plan *plan);
struct dblk_text;
void dblk_cudnn_plan_describe(struct dblk_text *text, const denseblock_plan *plan);

#endif
