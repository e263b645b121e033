#include "backends/cublas/cublas_plan.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "backends/algorithm.h"
#include "backends/cublas/cublas_choice.h"
#include "backends/cublas/cublas_layout.h"
#include "status/fail.h"
#include "text/text.h"

static denseblock_status check_options(const denseblock_plan *plan,
                                       const denseblock_plan_options *options) {
    if (options->algorithm == DENSEBLOCK_ALGORITHM_DIRECT && options->group_size > 1)
        return dblk_fail(
            DENSEBLOCK_UNSUPPORTED,
            "the cublas backend computes direct layers one at a time, not groups of %" PRId64,
            options->group_size);
    return dblk_winograd_stack_check(plan, options);
}

/* cuBLAS takes the sizes of matrices, and their strides, as int. */
static denseblock_status check_sizes(const denseblock_plan *plan) {
    enum { ROUNDING = 16 };
    const int64_t most = INT_MAX - ROUNDING;
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

denseblock_status dblk_cublas_plan_make(denseblock_plan *plan,
                                        const denseblock_plan_options *options) {
    denseblock_status status = check_options(plan, options);
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
    status = dblk_cublas_choose(plan, options);
    if (status != DENSEBLOCK_OK)
        return status;
    if (plan->workspace_bytes == SIZE_MAX || !dblk_cublas_lay_out_weights(plan))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "what the block needs beside y is too large to address");
    return DENSEBLOCK_OK;
}

void dblk_cublas_plan_describe(struct dblk_text *text, const denseblock_plan *plan) {
    const struct dblk_cublas_plan *cublas = dblk_cublas_plan_of(plan);
    dblk_text_append(text, "products of cuBLAS, sums in %s%s\n",
                     plan->type == DENSEBLOCK_F64 ? "f64" : "f32",
                     dblk_cublas_uses_tf32(plan) ? ", operands in TF32" : "");
    for (int64_t l = 0; l < plan->layer_count; l += cublas->layers[l].group.size) {
        const struct dblk_cublas_layer *group = &cublas->layers[l];
        dblk_describe_group(text, plan, l, group->group.size, group->algorithm);
        if (group->algorithm == DENSEBLOCK_ALGORITHM_DIRECT && plan->batch > 0)
            dblk_text_append(text, ", %" PRId64 " pixels at a time", group->pixels);
        dblk_text_append(text, "\n");
    }
    dblk_winograd_stack_describe(text, &cublas->stack);
    if (cublas->stack.tile != 0)
        dblk_describe_slices(text, plan);
}
