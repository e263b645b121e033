/* The direct convolution's kernel: what a thread's sums begin with, and where they go. */
#ifndef DENSEBLOCK_CUDA_DIRECT_SUMS_H
#define DENSEBLOCK_CUDA_DIRECT_SUMS_H

#include "direct_kernel.h"
#include "direct_product.h"
#include "element_vector.h"
#include "vector_access.h"

/* The pixels and columns of a thread. */
struct direct_run {
    int row, column; /* of its first pixel */
    int pixels;      /* that there are: 0 to RUN */
    int position;    /* in the halo, of the first feature that it needs */
    int first_output; /* its first column; the next 16 bytes of columns are LANES vectors further */
};

template <typename S, typename T>
__device__ direct_run find_run(const direct_arguments<T> &a, const direct_place &place,
                               int thread) {
    const int tile_row = thread / LANES / a.tile_groups;
    const int group = thread / LANES % a.tile_groups;

    direct_run run;
    run.row = place.row + tile_row;
    run.column = place.column + group * RUN;
    run.first_output = place.column_tile * S::COLUMNS + thread % LANES * S::VECTOR;
    if (tile_row < a.tile_rows && run.row < a.images * a.height && run.column < a.width) {
        const int images_begun = run.row / a.height - place.row / a.height;
        const int zero_rows = S::WINDOW == DBLK_WINDOW_3X3 ? images_begun : 0;
        run.pixels = min(RUN, a.width - run.column);
        run.position = (tile_row + zero_rows) * a.halo_stride + group * RUN;
    } else { /* it computes what nobody wants, from whatever is at the halo's begin */
        run.pixels = run.position = 0;
    }
    return run;
}

template <typename S, typename T>
__device__ __forceinline__ void start_sums(typename S::sums &sums, const direct_arguments<T> &a,
                                           const direct_run &run) {
    const int64_t pixel = static_cast<int64_t>(run.row) * a.width + run.column;
#pragma unroll
    for (int p = 0; p < RUN; p++)
#pragma unroll
        for (int k = 0; k < S::COLUMN_VECTORS; k++) {
            const int column = run.first_output + k * LANES * S::VECTOR;
            if (a.sums_from >= 0 && p < run.pixels && column < a.columns) {
                load_reals(sums[p][k],
                           a.sums + (pixel + p) * a.sums_stride + a.sums_from + column);
            } else {
#pragma unroll
                for (int v = 0; v < S::VECTOR; v++)
                    sums[p][k][v] = 0;
            }
        }
}

template <int BYTES> struct output_vector;
template <> struct output_vector<16> { using type = uint4; };
template <> struct output_vector<8> { using type = uint2; };

/* Rounds and stores the first `count` of N sums, or all where there are fewer. */
template <int N, typename T, typename R>
__device__ __forceinline__ void store_output(T *to, const R (&sums)[N], int count, bool vectors) {
    union rounded_sums {
        T elements[N];
        typename output_vector<N * sizeof(T)>::type vector;
        __device__ rounded_sums() {
        }
    } rounded;
#pragma unroll
    for (int i = 0; i < N; i++)
        rounded.elements[i] = dblk_round<T>(sums[i]);
    if (vectors && count >= N) {
        store_vector(to, rounded.vector);
    } else {
#pragma unroll
        for (int i = 0; i < N; i++)
            if (i < count)
                to[i] = rounded.elements[i];
    }
}

/* Adds what the output is to the finished sums. All of it is read before any is stored. */
template <typename S, typename T>
__device__ __forceinline__ void add_output(typename S::sums &sums, const direct_arguments<T> &a,
                                           const direct_run &run) {
    const int64_t pixel = static_cast<int64_t>(run.row) * a.width + run.column;
#pragma unroll
    for (int p = 0; p < RUN; p++)
#pragma unroll
        for (int k = 0; k < S::COLUMN_VECTORS; k++) {
            const int column = run.first_output + k * LANES * S::VECTOR;
            if (p >= run.pixels || column >= a.finished)
                continue;
            dblk_elements<T, S::VECTOR> before;
            before.load_first(a.output + (pixel + p) * a.output_pitch + column,
                              a.finished - column, a.output_vectors);
#pragma unroll
            for (int v = 0; v < S::VECTOR; v++)
                sums[p][k][v] += dblk_widen(before.each[v]);
        }
}

/* 16 bytes of columns are all of finished ones and padding, or all of unfinished ones. */
template <typename S, typename T>
__device__ __forceinline__ void finish_sums(typename S::sums &sums, const direct_arguments<T> &a,
                                            const direct_run &run) {
    if (a.adds)
        add_output<S>(sums, a, run);
    const int64_t pixel = static_cast<int64_t>(run.row) * a.width + run.column;
#pragma unroll
    for (int p = 0; p < RUN; p++)
#pragma unroll
        for (int k = 0; k < S::COLUMN_VECTORS; k++) {
            const int column = run.first_output + k * LANES * S::VECTOR;
            if (p >= run.pixels || column >= a.columns)
                continue;
            if (column >= a.unfinished)
                store_reals(a.sums + (pixel + p) * a.sums_stride + (column - a.unfinished),
                            sums[p][k]);
            else
                store_output(a.output + (pixel + p) * a.output_pitch + column, sums[p][k],
                             a.finished - column, a.output_vectors);
        }
}

#endif
