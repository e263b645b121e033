/* The engine of cuDNN that computes a convolution: found with the heuristics of cuDNN, among those
 * whose results are what the backends promise. */
#ifndef DENSEBLOCK_HOST_CUDNN_ENGINE_H
#define DENSEBLOCK_HOST_CUDNN_ENGINE_H

#include "backends/cudnn/cudnn_graph.h"

/* What an engine is asked for beside the convolution. */
struct dblk_cudnn_wish {
    cudnnHandle_t handle; /* on the device that will execute */
    denseblock_arithmetic arithmetic;
    size_t workspace; /* bytes that it may use */
};

/* One that was found, ready to be executed with any handle of that device. */
struct dblk_cudnn_engine {
    struct dblk_cudnn_descriptors set; /* for dblk_cudnn_destroy */
    cudnnBackendDescriptor_t plan;     /* NULL: none was found, and the set is empty */
    int64_t index;                     /* cuDNN's number of the engine */
    size_t workspace;                  /* bytes that it uses */
};

/* How a search went, for who has to say that there is none. */
struct dblk_cudnn_search {
    int offered;     /* by the heuristics */
    int unfit;       /* may round more, or differ from run to run */
    int too_large;   /* want more workspace */
    int failed;      /* refused, when they were to be made ready */
    char words[192]; /* of cuDNN, on the last refusal; "" if there was none */
};

/* The first engine, in the order of cuDNN's heuristics, that can do it. That there is none is no
 * error. DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_UNAVAILABLE, DENSEBLOCK_DEVICE_FAILED. */
denseblock_status dblk_cudnn_find_engine(const struct dblk_cudnn *cudnn,
                                         const struct dblk_cudnn_wish *wish,
                                         const struct dblk_cudnn_convolution *convolution,
                                         struct dblk_cudnn_engine *engine,
                                         struct dblk_cudnn_search *search);

#endif
