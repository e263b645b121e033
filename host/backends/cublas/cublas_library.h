/* cuBLAS as a library that is found when the program runs, and its errors. */
#ifndef DENSEBLOCK_HOST_CUBLAS_LIBRARY_H
#define DENSEBLOCK_HOST_CUBLAS_LIBRARY_H

#include <cublas_v2.h>

#include "denseblock.h"

struct dblk_problem;

/* All that we call. */
#define DBLK_CUBLAS_FUNCTIONS(X)  \
    X(cublasCreate_v2)            \
    X(cublasDestroy_v2)           \
    X(cublasSetStream_v2)         \
    X(cublasSetWorkspace_v2)      \
    X(cublasSetPointerMode_v2)    \
    X(cublasSetMathMode)          \
    X(cublasGemmEx)               \
    X(cublasGemmStridedBatchedEx) \
    X(cublasGetProperty)          \
    X(cublasGetStatusString)

/* Each with the type that the header gives it. */
struct dblk_cublas {
#define DBLK_CUBLAS_MEMBER(function) __typeof__ (&(function))(function);
    DBLK_CUBLAS_FUNCTIONS(DBLK_CUBLAS_MEMBER)
#undef DBLK_CUBLAS_MEMBER
};

/* Finds the library and its functions. DENSEBLOCK_UNAVAILABLE, with the reason in `problem`. */
denseblock_status dblk_cublas_load(struct dblk_cublas *cublas, struct dblk_problem *problem);

/* DENSEBLOCK_OK for CUBLAS_STATUS_SUCCESS. Otherwise the message says that the function of this
 * name failed, and how. DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_UNAVAILABLE,
 * DENSEBLOCK_DEVICE_FAILED. */
denseblock_status dblk_cublas_check(const struct dblk_cublas *cublas, cublasStatus_t status,
                                    const char *function);

#endif
