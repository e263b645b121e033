/* What lies between the products of two layers, in one kernel: the output transform of the first, and at
 * once the input transform of what it has made.
 *
 * A block has a strip of an image, some rows of tiles over all of its width, for 32 bytes of channels. It
 * computes the outputs of the strip's tiles and of the rows of tiles above and below, of which the input
 * transform needs a row of pixels each, keeps them in shared memory as they are rounded, and stores its
 * own to y. Then it transforms them into the stack. Both by the same functions as the kernels of
 * winograd_output.cu and winograd_input.cu, with the same results, bit by bit.
 *
 * It saves a launch, and that y is read again, of which two rows of tiles share all rows (F(2x2)) or half
 * of them: for each tile and channel 32 of 176 bytes of f32 in F(2x2), 96 of 448 in F(4x4), and 16 of 120
 * of 16 bits.
 * The products of a plane that is one strip are read once. In s strips of t rows of tiles altogether they
 * are read 1 + 2 * (s - 1) / t times:
 *
 *   plane             7x7 to 28x28   32x32       56x56    112x112   224x224
 *   F(2x2)            1 strip, once  1, once   3, 1.14   12, 1.39   56, 1.98
 *   F(4x4)            1 strip, once  1, once   3, 1.29   14, 1.93      none
 *
 * where strips are as large as they can be; for small batches there are more and smaller ones. Where that
 * is more than it saves there are two launches (winograd_layout.c): so of F(2x2) for 224x224, and for
 * 112x112 in 16 bits, of F(4x4) for 112x112 and larger. The emulator counts sectors that warps load, of
 * two images with 32 channels, by two launches and by one: f32 in F(2x2), 28x28: 48416, 25088; 56x56:
 * 197152, 114688; in F(4x4), 56x56: 110240, 72576; f16, 28x28: 36752, 25088; 56x56: 148752, 114688.
 *
 * A thread computes a tile for one or two channels at a time. In shared memory the pixels of four tiles
 * that follow one another lie in different banks: see winograd_strip.h.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_winograd_between_kernel         256   49152    64/3    64/4    59/4
 */
#include <limits.h>

#include "ptx.h"
#include "winograd_input.h"
#include "winograd_output.h"
#include "winograd_strip.h"

enum { THREADS = 256 };

template <typename T> struct between_arguments {
    output_arguments<T> output;
    winograd_kept<T> kept;
    int strip_rows; /* of tiles */
    unsigned strips, groups;
    int row, tile_row; /* pixels, from one to the next in shared memory */
};

/* What a block has. */
struct between_strip {
    unsigned first_tile;
    int64_t image;
    int first_row, rows; /* of tiles */
    bool above, below;   /* there are further ones in the image */
    int first_output, outputs;
};

/* The pixel at a row and column of the tile at a row and column of a strip, counted from the pixels that
 * surround it on. */
template <int TILE, typename T>
__device__ __forceinline__ int find_strip_pixel(const between_arguments<T> &a, int tile_row,
                                                int tile_column, int row, int column) {
    return (tile_row + row / TILE) * a.tile_row + (row % TILE * TILE + column % TILE) * a.row +
           tile_column + column / TILE;
}

template <typename T>
__device__ __forceinline__ between_strip find_strip(const between_arguments<T> &a) {
    constexpr int CHANNELS = DBLK_STRIP_PIXEL / sizeof(T);
    const winograd_plane &plane = a.output.plane;
    const unsigned strip = blockIdx.x / a.groups % a.strips;
    const int tile_rows = static_cast<int>(plane.tile_rows);
    between_strip s;
    s.image = blockIdx.x / a.groups / a.strips;
    s.first_row = static_cast<int>(strip) * a.strip_rows;
    s.rows = min(a.strip_rows, tile_rows - s.first_row);
    s.above = s.first_row > 0;
    s.below = s.first_row + s.rows < tile_rows;
    s.first_tile =
        (static_cast<unsigned>(s.image) * plane.tile_rows + static_cast<unsigned>(s.first_row)) *
        plane.tile_columns;
    s.first_output = static_cast<int>(blockIdx.x % a.groups) * CHANNELS;
    s.outputs =
        static_cast<int>(min(static_cast<int64_t>(CHANNELS), a.output.growth - s.first_output));
    return s;
}

/* The outputs of all tiles that the strip needs, into its pixels and, those of its own, into y. */
template <typename T, int TILE, int N>
__device__ __forceinline__ void complete_strip(const between_arguments<T> &a,
                                               const between_strip &s, T *pixels) {
    constexpr int CHANNELS = DBLK_STRIP_PIXEL / sizeof(T), VECTORS = CHANNELS / N;
    const int tile_columns = static_cast<int>(a.output.plane.tile_columns);
    const int tiles = (s.rows + s.above + s.below) * tile_columns;
    for (int i = static_cast<int>(threadIdx.x); i < tiles * VECTORS; i += THREADS) {
        const int first = i % VECTORS * N, tile = i / VECTORS - (s.above ? tile_columns : 0);
        const int tile_row = i / VECTORS / tile_columns - s.above;
        const int tile_column = i / VECTORS % tile_columns;
        if (first >= s.outputs)
            continue;
        const winograd_place place = {s.image, (s.first_row + tile_row) * TILE,
                                      tile_column * TILE};
        complete_tile<T, TILE, N>(
            a.output, s.first_tile + static_cast<unsigned>(tile), place, s.first_output + first,
            [](int, int, int64_t, const auto &) {},
            [&](int row, int column, int64_t output, const auto &elements) {
                const int strip_row = tile_row * TILE + row + 1;
                if (strip_row >= 0 && strip_row <= s.rows * TILE + 1)
                    elements.store(
                        pixels +
                        find_strip_pixel<TILE>(a, tile_row, tile_column, row + 1, column + 1) *
                            CHANNELS +
                        (output - s.first_output));
                if (tile_row >= 0 && tile_row < s.rows)
                    elements.store(find_output(a.output, s.image, place.row + row,
                                               place.column + column, output));
            });
    }
}

template <typename T, int TILE, int N>
__device__ __forceinline__ void keep_strip(const between_arguments<T> &a, const between_strip &s,
                                           const T *pixels) {
    constexpr int CHANNELS = DBLK_STRIP_PIXEL / sizeof(T), VECTORS = CHANNELS / N;
    const int tile_columns = static_cast<int>(a.output.plane.tile_columns);
    for (int i = static_cast<int>(threadIdx.x); i < s.rows * tile_columns * VECTORS;
         i += THREADS) {
        const int first = i % VECTORS * N, tile = i / VECTORS;
        const int tile_row = tile / tile_columns, tile_column = tile % tile_columns;
        if (first >= s.outputs)
            continue;
        const T *tile_pixels =
            pixels + find_strip_pixel<TILE>(a, tile_row, tile_column, 0, 0) * CHANNELS + first;
        keep_tile<T, TILE, N>(
            a.kept, s.first_tile + static_cast<unsigned>(tile), s.first_output + first,
            [&](int row, int column) {
                dblk_elements<T, N> elements;
                elements.load(tile_pixels +
                              find_strip_pixel<TILE>(a, 0, 0, row + 1, column + 1) * CHANNELS);
                return elements;
            });
    }
}

/* What is outside of the image is zero, and of tiles that are in part outside nothing is stored there. */
__device__ __forceinline__ void clear_strip(unsigned char *shared, int bytes) {
    for (int i = static_cast<int>(threadIdx.x) * 16; i < bytes; i += THREADS * 16)
        store_vector(shared + i, uint4{0, 0, 0, 0});
}

template <typename T, int TILE, int N>
__global__ void __launch_bounds__(THREADS, 4)
    dblk_winograd_between_kernel(const between_arguments<T> a) {
    SHARED_MEMORY(unsigned char, shared_begin);
    T *pixels = reinterpret_cast<T *>(&shared_begin);
    const between_strip s = find_strip(a);
    clear_strip(&shared_begin, (a.strip_rows + 1) * a.tile_row * DBLK_STRIP_PIXEL);
    griddepcontrol_wait();
    __syncthreads();
    complete_strip<T, TILE, N>(a, s, pixels);
    griddepcontrol_launch_dependents(); /* all has been read */
    __syncthreads();
    if (a.kept.pairs)
        keep_strip<T, TILE, N>(a, s, pixels);
    else
        keep_strip<T, TILE, 1>(a, s, pixels);
}

template <typename T, int TILE, int N>
static denseblock_status launch_vectors(void *stream, bool dependent,
                                        const between_arguments<T> &a, unsigned blocks,
                                        size_t shared_bytes) {
    LAUNCH_DEPENDENT(dependent, (dblk_winograd_between_kernel<T, TILE, N>), blocks, THREADS,
                     shared_bytes, static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_winograd_between_kernel");
}

template <typename T, int TILE>
static denseblock_status launch(void *stream, const struct dblk_winograd_between *c,
                                const winograd_plane &plane) {
    constexpr int64_t CHANNELS = DBLK_STRIP_PIXEL / sizeof(T);
    constexpr int PAIR = sizeof(T) == 2 ? 2 : 1;
    const bool dependent = c->output.images.dependent;
    const int64_t tile_rows = plane.tile_rows, rows = c->strip_rows;
    const size_t bytes =
        rows < 1 || rows > tile_rows
            ? SIZE_MAX
            : static_cast<size_t>(dblk_strip_bytes(TILE, plane.tile_columns, rows));
    if (bytes > DBLK_STRIP_MOST_BYTES)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "no strip of %d rows of tiles",
                         static_cast<int>(rows));
    const int64_t strips = (tile_rows + rows - 1) / rows;
    const int64_t groups = (c->output.growth + CHANNELS - 1) / CHANNELS;
    if (groups > INT_MAX / (c->output.images.images * strips))
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "Winograd transforms of this size cannot be launched at once");
    between_arguments<T> a = {};
    a.output = find_output_arguments<T>(&c->output, plane);
    a.kept = find_kept<T>(&c->input, plane);
    a.strip_rows = static_cast<int>(rows);
    a.strips = static_cast<unsigned>(strips);
    a.groups = static_cast<unsigned>(groups);
    a.row = static_cast<int>(dblk_strip_row(plane.tile_columns));
    a.tile_row = static_cast<int>(dblk_strip_tile_row(TILE, plane.tile_columns));
    const unsigned blocks = static_cast<unsigned>(c->output.images.images * strips * groups);
    return a.output.pairs ? launch_vectors<T, TILE, PAIR>(stream, dependent, a, blocks, bytes)
                          : launch_vectors<T, TILE, 1>(stream, dependent, a, blocks, bytes);
}

denseblock_status dblk_winograd_between(void *stream, const struct dblk_winograd_between *c) {
    winograd_plane plane;
    if (c->output.images.images == 0 || c->output.growth == 0)
        return DENSEBLOCK_OK;
    const denseblock_status status = find_plane(&c->output.images, &plane);
    if (status != DENSEBLOCK_OK)
        return status;
    return WINOGRAD_LAUNCH(launch, c->output.images.type, c->output.images.tile, stream, c,
                           plane);
}
