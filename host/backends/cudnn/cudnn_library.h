/* cuDNN 9 as a library that is found when the program runs, and its errors. */
#ifndef DENSEBLOCK_HOST_CUDNN_LIBRARY_H
#define DENSEBLOCK_HOST_CUDNN_LIBRARY_H

#include <cudnn.h>

#include "denseblock.h"

struct dblk_problem;

/* All that we call: of the graph interface, which every version 9 has. */
#define DBLK_CUDNN_FUNCTIONS(X)      \
    X(cudnnCreate)                   \
    X(cudnnDestroy)                  \
    X(cudnnSetStream)                \
    X(cudnnGetVersion)               \
    X(cudnnGetErrorString)           \
    X(cudnnGetLastErrorString)       \
    X(cudnnBackendCreateDescriptor)  \
    X(cudnnBackendDestroyDescriptor) \
    X(cudnnBackendSetAttribute)      \
    X(cudnnBackendGetAttribute)      \
    X(cudnnBackendFinalize)          \
    X(cudnnBackendExecute)

/* Each with the type that the header gives it. */
struct dblk_cudnn {
#define DBLK_CUDNN_MEMBER(function) __typeof__ (&(function))(function);
    DBLK_CUDNN_FUNCTIONS(DBLK_CUDNN_MEMBER)
#undef DBLK_CUDNN_MEMBER
};

/* Finds the library and its functions. DENSEBLOCK_UNAVAILABLE, with the reason in `problem`. */
denseblock_status dblk_cudnn_load(struct dblk_cudnn *cudnn, struct dblk_problem *problem);

/* The same with the reason as the message. */
denseblock_status dblk_cudnn_load_or_fail(struct dblk_cudnn *cudnn);

/* DENSEBLOCK_OK for CUDNN_STATUS_SUCCESS. Otherwise the message says that the function of this name
 * failed, and how. DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_UNAVAILABLE, DENSEBLOCK_DEVICE_FAILED. */
denseblock_status dblk_cudnn_check(const struct dblk_cudnn *cudnn, cudnnStatus_t status,
                                   const char *function);

#endif
