#include "backends/cpu/weights.h"

#include <string.h>

#include "backends/cpu/panels.h"
#include "elements/elements.h"
#include "memory/size.h"

int64_t dblk_direct_depth(const struct dblk_cpu_plan *cpu, const struct dblk_layer *layer) {
    enum { PANEL_BYTES = 48 << 10, LEAST = 4 };
    const int64_t taps = layer->kernel_height * layer->kernel_width;
    const int64_t row_bytes = 2 * cpu->kernels->lanes * (int64_t)cpu->real_size;
    const int64_t depth = taps < PANEL_BYTES ? PANEL_BYTES / (taps * row_bytes) : 0;
    return dblk_larger(depth, LEAST);
}

bool dblk_matrix_bytes(const struct dblk_cpu_plan *cpu, int64_t taps, int64_t channels,
                       int64_t columns, size_t *bytes) {
    const int lanes = cpu->kernels->lanes;
    *bytes = cpu->real_size;
    return dblk_size_multiply(bytes, taps) && dblk_size_multiply(bytes, channels) &&
           dblk_size_multiply(bytes, dblk_vectors(columns, lanes)) &&
           dblk_size_multiply(bytes, lanes) && dblk_size_align(bytes);
}

/* A matrix under construction, and the part of a kernel that goes into it. */
struct filling {
    const struct dblk_cpu_plan *cpu;
    const struct dblk_layer *layer;
    denseblock_type type;
    const void *kernel;
    int64_t first_channel, channels; /* of the kernel; they are the matrix's channels */
    int64_t columns;                 /* of the matrix */
    int64_t column;                  /* where the kernel's begin */
    void *matrix;
};

static double kernel_value(const struct filling *filling, int64_t tap, int64_t c, int64_t o) {
    const struct dblk_layer *layer = filling->layer;
    const int64_t index =
        (tap * layer->channels + filling->first_channel + c) * layer->growth + o;
    return dblk_element_load(filling->type, filling->kernel, (size_t)index);
}

static void put(const struct filling *filling, int64_t index, double value) {
    if (filling->cpu->real_size == sizeof(double))
        ((double *)filling->matrix)[index] = value;
    else
        ((float *)filling->matrix)[index] = (float)value;
}

/* Where the value for a channel and a column is, in a piece of `taps` x `depth` rows. */
static int64_t panel_index(const struct filling *filling, int64_t column, int64_t taps,
                           int64_t depth, int64_t tap, int64_t c) {
    const int lanes = filling->cpu->kernels->lanes;
    const struct dblk_panel panel =
        dblk_panel_with(dblk_vectors(filling->columns, lanes), column, lanes);
    return panel.first * taps * depth + (tap * depth + c) * panel.vectors * lanes + column -
           panel.first;
}

static void fill_direct(const struct filling *filling) {
    const struct dblk_layer *layer = filling->layer;
    const int lanes = filling->cpu->kernels->lanes;
    const int64_t width = dblk_vectors(filling->columns, lanes) * lanes;
    const int64_t taps = layer->kernel_height * layer->kernel_width;
    const int64_t most = dblk_direct_depth(filling->cpu, layer);
    for (int64_t c = 0; c < filling->channels; c++) {
        const int64_t block = c / most * most;
        const int64_t depth = dblk_smaller(filling->channels - block, most);
        for (int64_t o = 0; o < layer->growth; o++)
            for (int64_t tap = 0; tap < taps; tap++)
                put(filling,
                    block * taps * width +
                        panel_index(filling, filling->column + o, taps, depth, tap, c - block),
                    kernel_value(filling, tap, c, o));
    }
}

/* t = G k: of three values, `step` apart, at all points. */
static void transform_3(const struct dblk_winograd_kernels *winograd, const double *k, int step,
                        double t[6]) {
    for (int p = 0; p < winograd->points; p++)
        t[p] = winograd->kernel[p][0] * k[0] + winograd->kernel[p][1] * k[step] +
               winograd->kernel[p][2] * k[2 * step];
}

/* G k G^T, for the channel c and the output o. */
static void transform_kernel(const struct filling *filling, int64_t c, int64_t o,
                             double transformed[6][6]) {
    const struct dblk_winograd_kernels *winograd = filling->cpu->winograd;
    double kernel[9], columns[3][6];
    for (int tap = 0; tap < 9; tap++)
        kernel[tap] = kernel_value(filling, tap, c, o);
    for (int j = 0; j < 3; j++)
        transform_3(winograd, kernel + j, 3, columns[j]);
    for (int p = 0; p < winograd->points; p++)
        transform_3(winograd, &columns[0][p], 6, transformed[p]);
}

/* A matrix for each of points x points. */
static void fill_winograd(const struct filling *filling) {
    const int lanes = filling->cpu->kernels->lanes, points = filling->cpu->winograd->points;
    const int64_t depth = filling->channels;
    const int64_t plane = dblk_vectors(filling->columns, lanes) * lanes * depth;
    for (int64_t c = 0; c < depth; c++)
        for (int64_t o = 0; o < filling->layer->growth; o++) {
            const int64_t index = panel_index(filling, filling->column + o, 1, depth, 0, c);
            double transformed[6][6];
            transform_kernel(filling, c, o, transformed);
            for (int p = 0; p < points; p++)
                for (int q = 0; q < points; q++)
                    put(filling, (p * points + q) * plane + index, transformed[p][q]);
        }
}

static void fill(const struct filling *filling, denseblock_algorithm algorithm) {
    if (algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        fill_direct(filling);
    else
        fill_winograd(filling);
}

denseblock_status dblk_cpu_prepare_layer(denseblock_context *context, const denseblock_plan *plan,
                                         int64_t l, const void *kernel, void *prepared) {
    (void)context;
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    const struct dblk_cpu_layer *planned = &cpu->layers[l];
    const struct dblk_layer *layer = &plan->layers[l];
    char *memory = prepared;

    /* What no layer writes are the zeros that fill up vectors. */
    if (l == planned->group_first) {
        const int64_t next = l + planned->group_size;
        const size_t end =
            next < plan->layer_count ? cpu->layers[next].outer : plan->weights_bytes;
        memset(memory + planned->outer, 0, end - planned->outer);
    }

    struct filling filling = {
        .cpu = cpu,
        .layer = layer,
        .type = plan->type,
        .kernel = kernel,
        .channels = planned->group_channels,
        .columns = planned->group_columns,
        .column = planned->column,
        .matrix = memory + planned->outer,
    };
    fill(&filling, planned->algorithm);

    filling.columns = layer->growth;
    filling.column = 0;
    if (l > planned->group_first) {
        filling.first_channel = planned->group_channels;
        filling.channels = layer->channels - planned->group_channels;
        filling.matrix = memory + planned->inner;
        fill(&filling, planned->algorithm);
    }
    if (planned->algorithm != DENSEBLOCK_ALGORITHM_DIRECT) {
        filling.first_channel = 0;
        filling.channels = layer->channels;
        filling.matrix = memory + planned->direct;
        fill_direct(&filling);
    }
    return DENSEBLOCK_OK;
}
