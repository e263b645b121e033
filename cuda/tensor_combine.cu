/* What the splits of a tensor-core convolution have summed up, added and finished: into y, and into the
 * group's partial sums. A thread for four columns of a pixel.
 *
 * As nvcc 13.0 compiles it (tests/resources): registers of a thread, and blocks of a multiprocessor.
 *
 *   kernel                           threads  shared   sm_80   sm_90  sm_100
 *   dblk_tensor_combine_kernel           256       0    44/5    48/5    40/6
 */
#include "cuda_check.h"
#include "element.h"
#include "element_vector.h"
#include "grid.h"
#include "ptx.h"
#include "tensor_forms.h"
#include "tensor_shape.h"

enum { FOUR = DBLK_DIRECT_COLUMN_ALIGNMENT };

template <typename T> struct combine_arguments {
    const float *parts;
    int splits;
    int64_t split_sums;      /* from one split to the next */
    int64_t pixels, vectors; /* of columns */
    float *sums;
    int64_t sums_stride, sums_from;
    T *output;
    int64_t pixel_stride;
    int64_t finished, unfinished;
    bool output_vectors;
};

template <typename T> __global__ void dblk_tensor_combine_kernel(const combine_arguments<T> a) {
    dblk_grid_walk at(a.vectors);
    griddepcontrol_wait();
    griddepcontrol_launch_dependents(); /* blocks are short: where the last ones leave room */
    for (; at.outer < a.pixels; at.advance()) {
        const int64_t column = at.inner * FOUR;
        dblk_elements<float, FOUR> sum, part;
        sum.whole = {};
        if (a.sums_from >= 0)
            sum.load(a.sums + at.outer * a.sums_stride + a.sums_from + column);
        const float *from = a.parts + (at.outer * a.vectors + at.inner) * FOUR;
        for (int split = 0; split < a.splits; split++) {
            part.load(from + split * a.split_sums);
#pragma unroll
            for (int i = 0; i < FOUR; i++)
                sum.each[i] += part.each[i];
        }
        if (column >= a.unfinished) {
            sum.store(a.sums + at.outer * a.sums_stride + column - a.unfinished);
            continue;
        }
        dblk_elements<T, FOUR> rounded;
#pragma unroll
        for (int i = 0; i < FOUR; i++)
            rounded.each[i] = dblk_round<T>(sum.each[i]);
        T *to = a.output + at.outer * a.pixel_stride + column;
        if (a.output_vectors && column + FOUR <= a.finished) {
            rounded.store(to);
            continue;
        }
#pragma unroll
        for (int i = 0; i < FOUR; i++)
            if (column + i < a.finished)
                to[i] = rounded.each[i];
    }
}

template <typename T>
static denseblock_status launch(void *stream, const struct dblk_direct_convolution *c,
                                const float *parts, int splits) {
    const int64_t pixels = c->images * c->height * c->width;
    const int64_t stride = dblk_tensor_parts_stride(c->columns);
    T *output = static_cast<T *>(c->y) + c->output_channel;
    const combine_arguments<T> a = {parts,
                                    splits,
                                    pixels * stride,
                                    pixels,
                                    stride / FOUR,
                                    static_cast<float *>(c->sums),
                                    c->sums_stride,
                                    c->sums_from,
                                    output,
                                    c->pixel_stride,
                                    c->finished,
                                    c->unfinished,
                                    is_aligned(output, FOUR) && c->pixel_stride % FOUR == 0};
    LAUNCH_DEPENDENT(c->dependent, (dblk_tensor_combine_kernel<T>),
                     dblk_grid_blocks(pixels * a.vectors), DBLK_GRID_BLOCK, 0,
                     static_cast<cudaStream_t>(stream), a);
    return dblk_launch_check("dblk_tensor_combine_kernel");
}

denseblock_status dblk_tensor_combine(void *stream, const struct dblk_direct_convolution *c,
                                      const float *parts, int splits) {
    switch (c->type) {
    case DENSEBLOCK_F16:
        return launch<__half>(stream, c, parts, splits);
    case DENSEBLOCK_BF16:
        return launch<__nv_bfloat16>(stream, c, parts, splits);
    case DENSEBLOCK_F32:
    case DENSEBLOCK_F64:
        break;
    }
    return launch<float>(stream, c, parts, splits);
}
