/* The direct convolution's kernel: from memory into the halo of features in shared memory. Every thread
 * looks after one or two positions of the halo, and all channels there. */
#ifndef DENSEBLOCK_CUDA_DIRECT_HALO_H
#define DENSEBLOCK_CUDA_DIRECT_HALO_H

#include "direct_kernel.h"
#include "vector_access.h"

/* A window of taps. */
struct direct_window {
    int chunk, row, tap; /* `tap` is its first of the kernel's row */
};

/* The window, or the first of several that one halo serves, after `now`. */
template <typename S, typename T>
__device__ void advance(direct_window *now, const direct_arguments<T> &a) {
    if (S::WINDOW == DBLK_WINDOW_ROW) {
        now->tap += S::TAPS;
        if (now->tap < a.kernel_width)
            return;
        now->tap = 0;
        if (++now->row < a.kernel_height)
            return;
        now->row = 0;
    }
    now->chunk++;
}

template <typename S, typename T>
__device__ int count_taps(const direct_arguments<T> &a, const direct_window &window) {
    return S::WINDOW == DBLK_WINDOW_ROW ? min(S::TAPS, a.kernel_width - window.tap) : S::TAPS;
}

/* What a position of the halo shows. In DBLK_WINDOW_ROW, whose halo changes from one window to the
 * next, that is so for the tap in the kernel's middle. */
struct halo_position {
    int pixel;       /* of the batch, or NOWHERE */
    int row, column; /* in its image; only for DBLK_WINDOW_ROW */
};
enum { NOWHERE = -(1 << 30) };

template <typename T>
__device__ bool is_inside(const direct_arguments<T> &a, int row, int column) {
    return row >= 0 && row < a.height && column >= 0 && column < a.width;
}

template <typename S, typename T>
__device__ halo_position find_position(const direct_arguments<T> &a, const direct_place &place,
                                       int position) {
    /* Rows and columns of the halo before those of the tile. */
    constexpr int BEFORE = S::WINDOW == DBLK_WINDOW_3X3;
    const int halo_row = position / a.halo_stride;
    const int halo_column = position % a.halo_stride;

    /* The halo's rows are those of a stack of the images, with a row of zeros before each. */
    const int pitch = a.height + BEFORE;
    const int stacked = place.row + place.row / a.height * BEFORE + halo_row;
    const int image = stacked / pitch;
    const int row = stacked % pitch - BEFORE;

    const int column = place.column + halo_column - BEFORE;

    const bool is_there = position < a.halo_positions && image < a.images && row >= 0 &&
                          halo_column < a.tile_groups * RUN + S::TAPS - 1 &&
                          (S::WINDOW == DBLK_WINDOW_ROW || is_inside(a, row, column));
    halo_position found;
    found.pixel = is_there ? (image * a.height + row) * a.width + column : NOWHERE;
    found.row = is_there ? row : NOWHERE;
    found.column = column;
    return found;
}

/* A part of a chunk's features at a position, as they are in memory. */
template <typename S, typename T> union halo_features {
    T elements[S::PART];
    uint2 pairs[S::PART * sizeof(T) / 8];
    uint4 vectors[S::PART * sizeof(T) / 16];
    __device__ halo_features() {
    }
};

/* The positions that a thread looks after. */
struct halo_positions {
    halo_position first, second;
};

template <typename S, typename T>
__device__ halo_positions find_positions(const direct_arguments<T> &a, const direct_place &place,
                                         int thread) {
    halo_positions found;
    found.first = find_position<S>(a, place, thread);
    if (S::TWO_POSITIONS)
        found.second = find_position<S>(a, place, thread + THREADS);
    return found;
}

template <typename V, int N>
__device__ __forceinline__ void load_units(V (&units)[N], const void *from, bool inside) {
#pragma unroll
    for (int u = 0; u < N; u++)
        units[u] = inside ? load_vector<V>(static_cast<const V *>(from) + u) : V();
}

/* Reads a part of the features for a window, zeros where there are none. */
template <typename S, typename T>
__device__ __forceinline__ void
load_part(halo_features<S, T> *loaded, const direct_arguments<T> &a,
          const halo_positions &positions, const direct_window &window, int part) {
    const bool second = S::TWO_POSITIONS && part == 1;
    int pixel = second ? positions.second.pixel : positions.first.pixel;
    bool inside = pixel != NOWHERE;
    if (S::WINDOW == DBLK_WINDOW_ROW) {
        const int rows = window.row - (a.kernel_height - 1) / 2;
        const int columns = window.tap - (a.kernel_width - 1) / 2;
        const int row = (second ? positions.second.row : positions.first.row) + rows;
        const int column = (second ? positions.second.column : positions.first.column) + columns;
        inside = is_inside(a, row, column);
        pixel += inside ? rows * a.width + columns : 0;
    }
    const int channel = window.chunk * S::CHUNK + (S::TWO_POSITIONS ? 0 : part * S::PART);
    const T *from = a.features + pixel * a.feature_pitch + channel;
    const bool whole = channel + S::PART <= a.channels;
    if (whole && a.feature_bytes == 16) {
        load_units(loaded->vectors, from, inside);
    } else if (sizeof(T) == 2 && whole && a.feature_bytes == 8) {
        load_units(loaded->pairs, from, inside);
    } else {
#pragma unroll
        for (int c = 0; c < S::PART; c++)
            loaded->elements[c] = inside && channel + c < a.channels ? from[c] : T();
    }
}

/* Puts it into the halo, ready to be multiplied. */
template <typename S, typename T>
__device__ __forceinline__ void store_part(typename S::R (&halo)[S::CHUNK][S::POSITIONS],
                                           const halo_features<S, T> &loaded, int thread,
                                           int part) {
    const int position = thread + (S::TWO_POSITIONS ? part * THREADS : 0);
    const int channel = S::TWO_POSITIONS ? 0 : part * S::PART;
#pragma unroll
    for (int c = 0; c < S::PART; c++) {
        const typename S::R feature = dblk_widen(loaded.elements[c]);
        halo[channel + c][position] = S::RELU ? dblk_relu(feature) : feature;
    }
}

#endif
