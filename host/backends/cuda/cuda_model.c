#include "backends/cuda/cuda_model.h"

#include <math.h>

#include "memory/integer.h"
#include "tensor_shape.h"

/* Of NVIDIA's A100, H100 and RTX 4090; a GPU that is none of them is taken for the one before it.
 * Multiply-adds are those of a multiprocessor in a cycle. That mma.sync does not reach the rate of
 * Hopper's own matrix instructions is what others have measured, not in a data sheet: 60 % of it. */
static const struct gpu {
    int compute_capability;
    double megahertz;
    double half, tf32, single_precision, double_precision;
    double bytes; /* of memory, in a microsecond */
    double cache; /* bytes of the L2 cache */
} gpus[] = {
    {0, 1410, 256, 64, 64, 2, 0.6e6, 4e6},
    {80, 1410, 1024, 512, 64, 32, 1.5e6, 40e6},
    {86, 2200, 256, 128, 128, 2, 0.9e6, 72e6},
    {90, 1755, 0.6 * 2048, 0.6 * 1024, 128, 64, 3.3e6, 50e6},
};

/* Microseconds to begin a kernel, until its first products. */
static const double LAUNCH = 4;

/* Parts of the rate that kernels reach by their count of instructions and of accesses to shared memory:
 * the wide tile, the narrow one, and ordinary cores. */
static const double WIDE = 0.84, NARROW = 0.6, SIMT = 0.85;

/* A pass over what is in the L2 cache is so many times faster than over memory. */
static const double CACHE = 2;

static const struct gpu *gpu_of(const struct dblk_cuda_limits *limits) {
    const struct gpu *found = &gpus[0];
    for (size_t i = 1; i < sizeof gpus / sizeof gpus[0]; i++)
        if (limits->compute_capability >= gpus[i].compute_capability)
            found = &gpus[i];
    return found;
}

/* Multiply-adds of a multiprocessor in a microsecond. */
static double tensor_rate(const struct gpu *gpu, enum dblk_tensor_form form) {
    switch (form) {
    case DBLK_TENSOR_F16:
    case DBLK_TENSOR_BF16:
        return gpu->half * gpu->megahertz;
    case DBLK_TENSOR_TF32:
        return gpu->tf32 * gpu->megahertz;
    case DBLK_TENSOR_TF32X3:
        break;
    }
    return gpu->tf32 * gpu->megahertz / 3;
}

static double simt_rate(const struct gpu *gpu, denseblock_type type) {
    return gpu->megahertz *
           (type == DENSEBLOCK_F64 ? gpu->double_precision : gpu->single_precision);
}

/* Blocks on the multiprocessor that has most of them. */
static double busiest(const struct dblk_cuda_limits *limits, int64_t blocks) {
    return (double)dblk_quotient_up(blocks, limits->multiprocessors);
}

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Of the launch that adds the pieces of tiles that several blocks share: to write each part and to
 * read it again, and to write what the tiles become. A share begins within a tile but where both
 * begin anew. */
static double combine_time(const struct gpu *gpu, const struct dblk_tensor_way *way,
                           const struct dblk_cuda_work *work, int64_t tiles) {
    const int64_t cuts = way->blocks - common_divisor(tiles, way->blocks);
    const int64_t cut_tiles = dblk_smaller(cuts, tiles);
    if (cuts == 0)
        return 0;
    const double tile =
        (double)work->pixels * (double)work->columns * sizeof(float) / (double)tiles;
    return LAUNCH +
           tile * (2 * (double)(cuts + cut_tiles) + (double)cut_tiles) / (CACHE * gpu->bytes);
}

/* As many units as the multiprocessor with most of them has: chunks of channels of a tile. */
double dblk_cuda_tensor_time(const struct dblk_cuda_limits *limits,
                             const struct dblk_tensor_way *way,
                             const struct dblk_cuda_work *work) {
    const struct gpu *gpu = gpu_of(limits);
    const int64_t tiles = dblk_tensor_tiles(way, work->pixels, work->columns);
    const int64_t chunks = dblk_tensor_chunks(way, work->channels);
    const int64_t blocks = way->blocks == 0 ? tiles : way->blocks;
    const int64_t units =
        way->blocks == 0 ? chunks : dblk_quotient_up(tiles * chunks, way->blocks);
    const double part = way->tile_columns == DBLK_TENSOR_NARROW ? NARROW : WIDE;
    const double unit = (double)DBLK_TENSOR_PIXELS * way->tile_columns *
                        dblk_tensor_chunk(way->form, way->window) * (double)work->taps /
                        (tensor_rate(gpu, way->form) * part);
    const double products =
        LAUNCH + busiest(limits, work->matrices * blocks) * (double)units * unit;
    return way->blocks == 0 ? products : products + combine_time(gpu, way, work, tiles);
}

double dblk_cuda_simt_time(const struct dblk_cuda_limits *limits,
                           const struct dblk_cuda_work *work) {
    enum { PIXELS = DBLK_DIRECT_RUN * DBLK_DIRECT_RUNS };
    const int64_t columns = work->columns <= 32 || work->type == DENSEBLOCK_F64 ? 32 : 64;
    const int64_t blocks =
        dblk_quotient_up(work->pixels, PIXELS) * dblk_quotient_up(work->columns, columns);
    const double block = (double)PIXELS * (double)columns * (double)work->channels *
                         (double)work->taps / (simt_rate(gpu_of(limits), work->type) * SIMT);
    return LAUNCH + busiest(limits, blocks) * block;
}

double dblk_cuda_products_time(const struct dblk_cuda_limits *limits,
                               const enum dblk_tensor_form *form, denseblock_type type,
                               double multiply_adds) {
    const struct gpu *gpu = gpu_of(limits);
    const double rate = form != NULL ? tensor_rate(gpu, *form) : simt_rate(gpu, type);
    return multiply_adds / (rate * limits->multiprocessors);
}

double dblk_cuda_memory_time(const struct dblk_cuda_limits *limits, double bytes) {
    return bytes / gpu_of(limits)->bytes;
}

double dblk_cuda_pass_time(const struct dblk_cuda_limits *limits, double bytes,
                           double workspace_bytes) {
    const struct gpu *gpu = gpu_of(limits);
    const double cached = gpu->cache < workspace_bytes ? gpu->cache / workspace_bytes : 1;
    return LAUNCH + bytes / gpu->bytes * (cached / CACHE + (1 - cached));
}
