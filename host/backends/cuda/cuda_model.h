/* What a convolution may take on a GPU: a model that puts ways to run it in order. Its constants are
 * those of data sheets, in one table; nothing has been fitted to measurements yet. */
#ifndef DENSEBLOCK_HOST_CUDA_MODEL_H
#define DENSEBLOCK_HOST_CUDA_MODEL_H

#include "device/cuda_devices.h"
#include "tensor.h"

/* A convolution, or products of matrices side by side, whose rows are pixels of one tap. */
struct dblk_cuda_work {
    denseblock_type type;
    int64_t matrices; /* 1 for a convolution */
    int64_t pixels, taps, channels, columns;
};

/* Tiles that several blocks of threads share, and the pieces of them, whose sums are written and read
 * again. A share begins within a tile but where both begin anew. */
struct dblk_cuda_pieces {
    int64_t tiles, count;
    double bytes; /* of one, on average */
};
struct dblk_cuda_pieces dblk_cuda_pieces(const struct dblk_tensor_way *way,
                                         const struct dblk_cuda_work *work);

/* Microseconds to begin a kernel, until its first products. */
enum { DBLK_CUDA_LAUNCH = 4 };

/* Microseconds of the launches that it is. */
double dblk_cuda_tensor_time(const struct dblk_cuda_limits *limits,
                             const struct dblk_tensor_way *way,
                             const struct dblk_cuda_work *work);
double dblk_cuda_simt_time(const struct dblk_cuda_limits *limits,
                           const struct dblk_cuda_work *work);

/* Microseconds that so many multiply-adds take at the least, on tensor cores, whichever of their
 * instructions are used, and on ordinary ones. */
double dblk_cuda_least_tensor_time(const struct dblk_cuda_limits *limits,
                                   enum dblk_tensor_form form, double multiply_adds);
double dblk_cuda_least_simt_time(const struct dblk_cuda_limits *limits, denseblock_type type,
                                 double multiply_adds);

/* Bytes that launches move: between multiprocessors and the L2 cache, and between that and
 * memory. */
struct dblk_cuda_traffic {
    double cache, memory;
};

/* Microseconds that they take at the least; and those of a launch that does little more. */
double dblk_cuda_cache_time(const struct dblk_cuda_limits *limits, double bytes);
double dblk_cuda_memory_time(const struct dblk_cuda_limits *limits, double bytes);
double dblk_cuda_pass_time(const struct dblk_cuda_limits *limits,
                           struct dblk_cuda_traffic traffic);

/* The part of accesses that the L2 cache misses, where so many bytes pass through it between two
 * uses of the same ones. */
double dblk_cuda_missed(const struct dblk_cuda_limits *limits, double bytes);

#endif
