#include "backends/cuda/cuda_model.h"

#include <math.h>

#include "memory/integer.h"
#include "tensor_shape.h"

/* Of NVIDIA's T4, A100, RTX 4090, H100, B200 and RTX 5090; a GPU that is none of them is taken for
 * the one before it. Multiply-adds, and bytes of the L2 cache, are those of a multiprocessor in a
 * cycle. How large the L2 cache is, and how fast memory, the device tells: an H200 is an H100 with
 * 4.8 TB/s. White papers and papers are cited as others quote them.
 *
 * A100: white paper, pages 35 to 37: 1024 multiply-adds of f16 and 512 of TF32, 1410 MHz, 1555
 *   GB/s. Its L2 cache gives 5120 bytes a cycle, of which 32 for each of 108 multiprocessors, 4.8
 *   TB/s, have been seen (forums.developer.nvidia.com, 198560).
 * H100: white paper, table 3: twice the multiply-adds of an A100, by its own matrix instructions;
 *   mma.sync reaches 62.9 % of that on average (arXiv 2501.12084, table 7, an H800), and wgmma is
 *   taken to reach all of it. L2 cache: 4472
 *   bytes a cycle of 114 multiprocessors (arXiv 2402.13499, table V, an H800). 3.35 TB/s:
 *   nvidia.com, H100. The clock is that of an H100 PCIe (chipsandcheese.com, 2023), of an SXM at
 *   least that.
 * T4: the L2 cache is that of a V100, 2048 bytes a cycle of 80 multiprocessors (white paper of the
 *   A100, page 35); the rest has not been checked.
 * B200: 3996 MHz and 7680 bits of memory (github.com/pytorch/ao, 4002). That mma.sync and the L2
 *   cache are as an H100's has not been checked.
 * RTX: not checked. */
static const struct gpu {
    int compute_capability;
    double megahertz;
    double half, tf32, single_precision, double_precision;
    double mma; /* the part of half and tf32 that mma.sync reaches */
    double cache_bytes;
    double memory_rate; /* bytes in a microsecond, where the device does not tell */
} gpus[] = {
    {0, 1410, 256, 64, 64, 2, 1, 25, 0.3e6},
    {80, 1410, 1024, 512, 64, 32, 1, 32, 1.555e6},
    {86, 2200, 256, 128, 128, 2, 1, 16, 0.9e6},
    {90, 1755, 2048, 1024, 128, 64, 0.629, 39, 3.35e6},
    {100, 1755, 2048, 1024, 128, 64, 0.629, 39, 7.67e6},
    {120, 2200, 256, 128, 128, 2, 1, 16, 1.7e6},
};

static const double LAUNCH = DBLK_CUDA_LAUNCH;

/* Parts of the rate that kernels reach by their count of instructions and of accesses to shared memory:
 * the wide tile, the narrow one, and ordinary cores. */
static const double WIDE = 0.84, NARROW = 0.6, SIMT = 0.85;

/* What takes so many times the L2 cache is all still there when it is used again, or nothing of
 * it. */
static const double FITS = 0.8, LOST = 1.1;

static const struct gpu *gpu_of(const struct dblk_cuda_limits *limits) {
    const struct gpu *found = &gpus[0];
    for (size_t i = 1; i < sizeof gpus / sizeof gpus[0]; i++)
        if (limits->compute_capability >= gpus[i].compute_capability)
            found = &gpus[i];
    return found;
}

static double memory_rate(const struct dblk_cuda_limits *limits) {
    const struct gpu *gpu = gpu_of(limits);
    return limits->memory_rate > 0 ? limits->memory_rate : gpu->memory_rate;
}

/* Bytes in a microsecond. */
static double cache_rate(const struct dblk_cuda_limits *limits) {
    const struct gpu *gpu = gpu_of(limits);
    return gpu->cache_bytes * gpu->megahertz * limits->multiprocessors;
}

/* Multiply-adds of a multiprocessor in a microsecond. */
static double tensor_rate(const struct gpu *gpu, enum dblk_tensor_form form,
                          enum dblk_tensor_instructions instructions) {
    const bool half = form == DBLK_TENSOR_F16 || form == DBLK_TENSOR_BF16;
    const double products = form == DBLK_TENSOR_TF32X3 ? 3 : 1;
    const double part = instructions == DBLK_TENSOR_MMA ? gpu->mma : 1;
    return (half ? gpu->half : gpu->tf32) * part / products * gpu->megahertz;
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

struct dblk_cuda_pieces dblk_cuda_pieces(const struct dblk_tensor_way *way,
                                         const struct dblk_cuda_work *work) {
    const struct dblk_cuda_pieces none = {0, 0, 0};
    if (way->blocks == 0 || work->pixels == 0)
        return none;
    const int64_t tiles = dblk_tensor_tiles(way, work->pixels, work->columns);
    const int64_t cuts = way->blocks - common_divisor(tiles, way->blocks);
    const int64_t cut_tiles = dblk_smaller(cuts, tiles);
    return (struct dblk_cuda_pieces){
        .tiles = cut_tiles,
        .count = cuts + cut_tiles,
        .bytes = (double)work->pixels * (double)work->columns * sizeof(float) / (double)tiles,
    };
}

/* Of the launch that adds the pieces: to write each and to read it again, and to write what their tiles
 * become. */
static double combine_time(const struct dblk_cuda_limits *limits,
                           const struct dblk_tensor_way *way, const struct dblk_cuda_work *work) {
    const struct dblk_cuda_pieces pieces = dblk_cuda_pieces(way, work);
    return pieces.count == 0
               ? 0
               : LAUNCH + pieces.bytes * (2 * (double)pieces.count + (double)pieces.tiles) /
                              cache_rate(limits);
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
                        (tensor_rate(gpu, way->form, way->instructions) * part);
    const double products =
        LAUNCH + busiest(limits, work->matrices * blocks) * (double)units * unit;
    return way->blocks == 0 ? products : products + combine_time(limits, way, work);
}

double dblk_cuda_simt_time(const struct dblk_cuda_limits *limits,
                           const struct dblk_cuda_work *work) {
    enum { PIXELS = DBLK_DIRECT_RUN * DBLK_DIRECT_RUNS };
    const int64_t columns = work->columns <= 32 || work->type == DENSEBLOCK_F64 ? 32 : 64;
    const int64_t blocks = work->matrices * dblk_quotient_up(work->pixels, PIXELS) *
                           dblk_quotient_up(work->columns, columns);
    const double block = (double)PIXELS * (double)columns * (double)work->channels *
                         (double)work->taps / (simt_rate(gpu_of(limits), work->type) * SIMT);
    return LAUNCH + busiest(limits, blocks) * block;
}

double dblk_cuda_least_tensor_time(const struct dblk_cuda_limits *limits,
                                   enum dblk_tensor_form form, double multiply_adds) {
    return multiply_adds /
           (tensor_rate(gpu_of(limits), form, DBLK_TENSOR_WGMMA) * limits->multiprocessors);
}

double dblk_cuda_least_simt_time(const struct dblk_cuda_limits *limits, denseblock_type type,
                                 double multiply_adds) {
    return multiply_adds / (simt_rate(gpu_of(limits), type) * limits->multiprocessors);
}

double dblk_cuda_cache_time(const struct dblk_cuda_limits *limits, double bytes) {
    return bytes / cache_rate(limits);
}

double dblk_cuda_memory_time(const struct dblk_cuda_limits *limits, double bytes) {
    return bytes / memory_rate(limits);
}

double dblk_cuda_pass_time(const struct dblk_cuda_limits *limits,
                           struct dblk_cuda_traffic traffic) {
    return LAUNCH + fmax(dblk_cuda_cache_time(limits, traffic.cache),
                         dblk_cuda_memory_time(limits, traffic.memory));
}

/* What is read in turns is all gone when it comes again, if the line that was not used for longest
 * gives way. Something between that and chance is taken. */
double dblk_cuda_missed(const struct dblk_cuda_limits *limits, double bytes) {
    const double cache = (double)limits->cache_bytes;
    return fmin(1, fmax(0, bytes - FITS * cache) / ((LOST - FITS) * cache));
}
