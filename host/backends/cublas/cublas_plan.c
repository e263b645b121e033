#include "backends/cublas/cublas_plan.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "memory/integer.h"
#include "memory/size.h"
#include "status/fail.h"
#include "text/text.h"

/* NVIDIA's words on cublasSetWorkspace: with 16 KiB no product fails for want of it, and 32 MiB is
 * what Hopper needs to be as fast as it can (4 MiB others). */
static const size_t least_scratch = (size_t)16 << 10, most_scratch = (size_t)32 << 20;

/* Rows begin where a GPU loads 16 bytes at once; cuBLAS takes others too, but slower. */
enum { ROW_ALIGNMENT = 16 };

/* Between the matrix and what cuBLAS computes in, at the most. */
enum { GAP = DBLK_CUBLAS_ALIGNMENT - DENSEBLOCK_ALIGNMENT };

static denseblock_status check_options(const denseblock_plan_options *options) {
    if (options->algorithm != DENSEBLOCK_ALGORITHM_AUTO &&
        options->algorithm != DENSEBLOCK_ALGORITHM_DIRECT)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cublas backend has only the direct algorithm: use auto or direct");
    if (options->group_size > 1)
        return dblk_fail(
            DENSEBLOCK_UNSUPPORTED,
            "the cublas backend computes one layer at a time, not groups of %" PRId64,
            options->group_size);
    return DENSEBLOCK_OK;
}

/* cuBLAS takes the sizes of matrices, and their strides, as int. */
static denseblock_status check_sizes(const denseblock_plan *plan) {
    const int64_t most = INT_MAX - ROW_ALIGNMENT;
    if (plan->output_channels > most)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cublas backend takes at most %" PRId64 " channels, y has %" PRId64,
                         most, plan->output_channels);
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_layer *layer = &plan->layers[l];
        const int64_t row = layer->kernel_height * layer->kernel_width * layer->channels;
        if (row > most)
            return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                             "layer %" PRId64 ": a sum of %" PRId64
                             " products; the cublas backend takes at most %" PRId64,
                             l, row, most);
    }
    return DENSEBLOCK_OK;
}

static size_t row_bytes(const denseblock_plan *plan, int64_t l) {
    return (size_t)dblk_cublas_plan_of(plan)->layers[l].row_stride *
           denseblock_type_size(plan->type);
}

/* Returns the bytes of the longest row. */
static size_t lay_out_rows(const denseblock_plan *plan, struct dblk_cublas_plan *cublas) {
    const int64_t aligned = ROW_ALIGNMENT / (int64_t)denseblock_type_size(plan->type);
    size_t longest = 0;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_layer *layer = &plan->layers[l];
        struct dblk_cublas_layer *planned = &cublas->layers[l];
        planned->row = layer->kernel_height * layer->kernel_width * layer->channels;
        planned->row_stride = dblk_quotient_up(planned->row, aligned) * aligned;
        const size_t bytes = row_bytes(plan, l);
        longest = bytes > longest ? bytes : longest;
    }
    return longest;
}

/* Half of what there is at most, and less where the longest row, which has to be whole, leaves
 * less. */
static size_t scratch_bytes(size_t limit, size_t longest) {
    const size_t beside = longest + DENSEBLOCK_ALIGNMENT + GAP;
    const size_t left = limit > beside ? limit - beside : 0;
    size_t bytes = left < limit / 2 ? left : limit / 2;
    bytes = bytes > most_scratch ? most_scratch : bytes;
    bytes -= bytes % DBLK_CUBLAS_ALIGNMENT;
    return bytes < least_scratch ? least_scratch : bytes;
}

static void cut_slices(denseblock_plan *plan, size_t limit, struct dblk_cublas_plan *cublas) {
    const int64_t total = plan->batch * plan->height * plan->width;
    const size_t longest = lay_out_rows(plan, cublas);
    if (total == 0 || longest == 0)
        return;
    cublas->scratch_bytes = scratch_bytes(limit, longest);
    const size_t others = cublas->scratch_bytes + GAP;
    size_t room = limit > others ? limit - others : 0;
    room -= room % DENSEBLOCK_ALIGNMENT;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const size_t row = row_bytes(plan, l);
        const int64_t fit = (int64_t)(room / row);
        const int64_t most = dblk_larger(1, dblk_smaller(fit, INT_MAX));
        /* Of equal size, but for the last. */
        const int64_t pixels = dblk_quotient_up(total, dblk_quotient_up(total, most));
        const size_t bytes = (size_t)pixels * row;
        cublas->layers[l].pixels = pixels;
        cublas->matrix_bytes = bytes > cublas->matrix_bytes ? bytes : cublas->matrix_bytes;
    }
}

static bool add_up(denseblock_plan *plan, const struct dblk_cublas_plan *cublas) {
    bool fits = true;
    for (int64_t l = 0; l < plan->layer_count; l++) {
        plan->layers[l].weights_offset = plan->weights_bytes;
        const size_t count = (size_t)dblk_layer_kernel_count(&plan->layers[l]);
        fits = fits &&
               dblk_size_add(&plan->weights_bytes, count * denseblock_type_size(plan->type)) &&
               dblk_size_align(&plan->weights_bytes);
    }
    plan->workspace_bytes = cublas->matrix_bytes;
    if (cublas->scratch_bytes > 0)
        fits = fits && dblk_size_align(&plan->workspace_bytes) &&
               dblk_size_add(&plan->workspace_bytes, GAP) &&
               dblk_size_add(&plan->workspace_bytes, cublas->scratch_bytes);
    return fits;
}

denseblock_status dblk_cublas_plan_make(denseblock_plan *plan,
                                        const denseblock_plan_options *options) {
    denseblock_status status = check_options(options);
    if (status == DENSEBLOCK_OK)
        status = check_sizes(plan);
    if (status != DENSEBLOCK_OK)
        return status;
    /* As many layers fit in memory a moment ago, in plan itself. */
    struct dblk_cublas_plan *cublas =
        calloc(1, sizeof *cublas + (size_t)plan->layer_count * sizeof(struct dblk_cublas_layer));
    if (cublas == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of %" PRId64 " layers",
                         plan->layer_count);
    plan->details = cublas;
    plan->thread_count = 1;
    cut_slices(plan, options->workspace_limit, cublas);
    if (!add_up(plan, cublas))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "what the block needs beside y is too large to address");
    return DENSEBLOCK_OK;
}

void dblk_cublas_plan_describe(struct dblk_text *text, const denseblock_plan *plan) {
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(plan);
    dblk_text_append(text, "products of cuBLAS, sums in %s%s\n",
                     plan->type == DENSEBLOCK_F64 ? "f64" : "f32",
                     plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ? ", operands in TF32" : "");
    for (int64_t l = 0; l < plan->layer_count; l++) {
        const struct dblk_layer *layer = &plan->layers[l];
        dblk_text_append(text,
                         "layer %" PRId64 ": direct %" PRId64 "x%" PRId64 ", channels 0..%" PRId64
                         " -> %" PRId64 "..%" PRId64 ", %" PRId64 " pixels at a time\n",
                         l, layer->kernel_height, layer->kernel_width, layer->channels - 1,
                         layer->channels, layer->channels + layer->growth - 1,
                         cublas->layers[l].pixels);
    }
}
