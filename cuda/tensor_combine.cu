/* Tiles of a tensor-core convolution that several blocks had pieces of (tensor_share.h): what each
 * has summed up, added and finished, into the output and into the group's partial sums. A thread for
 * four columns of a pixel.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_combine_kernel           256       0    32/8    32/8    32/8
 */
#include "cuda_check.h"
#include "element.h"
#include "element_vector.h"
#include "grid.h"
#include "ptx.h"
#include "tensor_forms.h"
#include "tensor_shape.h"
#include "tensor_share.h"

enum { FOUR = DBLK_DIRECT_COLUMN_ALIGNMENT };

template <typename T> struct combine_arguments {
    struct dblk_tensor_shares shares;
    const float *parts;
    int tile_columns, column_tiles;
    int64_t pixels, columns;
    float *sums;
    int64_t sums_stride, sums_from;
    T *output;
    int64_t output_pitch;
    int64_t finished, unfinished;
    bool output_vectors;
    bool adds; /* to what the output is */
};

static __host__ __device__ int vectors_of_tile(int tile_columns) {
    return DBLK_TENSOR_PIXELS * tile_columns / FOUR;
}

/* The tile that the begin of a block's share cuts in two; false if it cuts none, or if that of the
 * block before has cut the same one. */
__device__ __forceinline__ bool find_cut_tile(const dblk_tensor_shares &shares, int block,
                                              int *tile) {
    const int unit = dblk_tensor_share_begin(shares, block);
    *tile = unit / shares.chunks;
    const int tile_begin = *tile * shares.chunks;
    return unit != tile_begin && dblk_tensor_share_begin(shares, block - 1) <= tile_begin;
}

/* What the tile's blocks have left in their parts. */
template <typename T>
__device__ __forceinline__ void add_parts(dblk_elements<float, FOUR> *sum,
                                          const combine_arguments<T> &a, int tile, int vector) {
    const int last_unit = (tile + 1) * a.shares.chunks - 1;
    const int first = dblk_tensor_share_block(a.shares, last_unit + 1 - a.shares.chunks);
    const int last = dblk_tensor_share_block(a.shares, last_unit);
    /* The shares of all but the first begin in this tile. */
    int64_t slot = dblk_tensor_share_slot(a.shares, first, tile);
#pragma unroll 4
    for (int block = first; block <= last; block++) {
        dblk_elements<float, FOUR> part;
        part.load(a.parts + (slot * vectors_of_tile(a.tile_columns) + vector) * FOUR);
        slot = block + 1;
#pragma unroll
        for (int i = 0; i < FOUR; i++)
            sum->each[i] += part.each[i];
    }
}

/* Blocks of threads for every share but the first, whose begin may cut a tile in two. */
template <typename T> __global__ void dblk_tensor_combine_kernel(const combine_arguments<T> a) {
    const unsigned tile_blocks =
        static_cast<unsigned>(vectors_of_tile(a.tile_columns)) / DBLK_GRID_BLOCK;
    const int vector = static_cast<int>(blockIdx.x % tile_blocks * DBLK_GRID_BLOCK + threadIdx.x);
    const int vectors = a.tile_columns / FOUR; /* of a pixel */
    int tile;
    const bool cut =
        find_cut_tile(a.shares, static_cast<int>(blockIdx.x / tile_blocks) + 1, &tile);
    const int64_t pixel =
        static_cast<int64_t>(tile / a.column_tiles) * DBLK_TENSOR_PIXELS + vector / vectors;
    const int64_t column = tile % a.column_tiles * a.tile_columns + vector % vectors * FOUR;
    griddepcontrol_wait();
    griddepcontrol_launch_dependents(); /* blocks are short: where the last ones leave room */
    if (!cut || pixel >= a.pixels || column >= a.columns)
        return;

    dblk_elements<float, FOUR> sum;
    sum.whole = {};
    if (a.sums_from >= 0)
        sum.load(a.sums + pixel * a.sums_stride + a.sums_from + column);
    add_parts(&sum, a, tile, vector);
    if (column >= a.unfinished) {
        sum.store(a.sums + pixel * a.sums_stride + column - a.unfinished);
        return;
    }
    dblk_elements<T, FOUR> rounded;
    T *to = a.output + pixel * a.output_pitch + column;
    const int count = static_cast<int>(a.finished - column);
    if (a.adds) {
        dblk_elements<T, FOUR> before;
        before.load_first(to, count, a.output_vectors);
#pragma unroll
        for (int i = 0; i < FOUR; i++)
            sum.each[i] += dblk_widen(before.each[i]);
    }
#pragma unroll
    for (int i = 0; i < FOUR; i++)
        rounded.each[i] = dblk_round<T>(sum.each[i]);
    if (a.output_vectors && count >= FOUR) {
        rounded.store(to);
        return;
    }
#pragma unroll
    for (int i = 0; i < FOUR; i++)
        if (i < count)
            to[i] = rounded.each[i];
}

template <typename T>
static denseblock_status launch(void *stream, const struct dblk_direct_convolution *c,
                                const struct dblk_tensor_way *way, const float *parts) {
    combine_arguments<T> a = {};
    a.pixels = c->images * c->height * c->width;
    a.columns = c->columns;
    a.shares.tiles = static_cast<int>(dblk_tensor_tiles(way, a.pixels, a.columns));
    a.shares.chunks = static_cast<int>(dblk_tensor_chunks(way, c->channels));
    a.shares.blocks = way->blocks;
    a.parts = parts;
    a.tile_columns = way->tile_columns;
    a.column_tiles = static_cast<int>((a.columns - 1) / a.tile_columns + 1);
    a.sums = static_cast<float *>(c->sums);
    a.sums_stride = c->sums_stride;
    a.sums_from = c->sums_from;
    a.output = static_cast<T *>(c->outputs) + c->output_channel;
    a.output_pitch = c->output_pitch;
    a.finished = c->finished;
    a.unfinished = c->unfinished;
    a.output_vectors = is_aligned(a.output, FOUR) && c->output_pitch % FOUR == 0;
    a.adds = c->adds;
    const unsigned tile_blocks =
        static_cast<unsigned>(vectors_of_tile(way->tile_columns)) / DBLK_GRID_BLOCK;
    LAUNCH_DEPENDENT(c->dependent, (dblk_tensor_combine_kernel<T>),
                     static_cast<unsigned>(way->blocks - 1) * tile_blocks, DBLK_GRID_BLOCK, 0,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_tensor_combine_kernel");
}

denseblock_status dblk_tensor_combine(void *stream, const struct dblk_direct_convolution *c,
                                      const struct dblk_tensor_way *way, const float *parts) {
    switch (c->type) {
    case DENSEBLOCK_F16:
        return launch<__half>(stream, c, way, parts);
    case DENSEBLOCK_BF16:
        return launch<__nv_bfloat16>(stream, c, way, parts);
    case DENSEBLOCK_F32:
    case DENSEBLOCK_F64:
        break;
    }
    return launch<float>(stream, c, way, parts);
}
