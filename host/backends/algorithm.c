#include "backends/algorithm.h"

#include <inttypes.h>

#include "status/fail.h"
#include "text/text.h"

const char *dblk_algorithm_name(denseblock_algorithm algorithm) {
    return algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD2   ? "Winograd F(2x2)"
           : algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4 ? "Winograd F(4x4)"
                                                         : "direct";
}

denseblock_status dblk_algorithm_check(const denseblock_plan *plan,
                                       const denseblock_plan_options *options) {
    if (!dblk_algorithm_is_winograd(options->algorithm))
        return DENSEBLOCK_OK;
    if (options->algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4 &&
        options->accuracy == DENSEBLOCK_ACCURACY_HIGH)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "winograd4 and high accuracy exclude each other: use winograd2 or "
                         "direct");
    for (int64_t l = 0; l < plan->layer_count; l++)
        if (!dblk_layer_is_3x3(&plan->layers[l]))
            return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                             "layer %" PRId64 ": Winograd algorithms are for 3x3 kernels, not "
                             "%" PRId64 "x%" PRId64 ": use auto or direct",
                             l, plan->layers[l].kernel_height, plan->layers[l].kernel_width);
    return DENSEBLOCK_OK;
}

void dblk_describe_group(struct dblk_text *text, const denseblock_plan *plan, int64_t first,
                         int64_t size, denseblock_algorithm algorithm) {
    const struct dblk_layer *layer = &plan->layers[first];
    const struct dblk_layer *last = &plan->layers[first + size - 1];
    if (dblk_plan_is_placed(plan))
        dblk_text_append(text, "layer: ");
    else if (size == 1)
        dblk_text_append(text, "layer %" PRId64 ": ", first);
    else
        dblk_text_append(text, "layers %" PRId64 "..%" PRId64 " as a group: ", first,
                         first + size - 1);
    dblk_text_append(
        text, "%s %" PRId64 "x%" PRId64 ", channels 0..%" PRId64 " -> %" PRId64 "..%" PRId64,
        dblk_algorithm_name(algorithm), layer->kernel_height, layer->kernel_width,
        layer->channels - 1, layer->output_channel, last->output_channel + last->growth - 1);
}

void dblk_describe_slices(struct dblk_text *text, const denseblock_plan *plan) {
    if (plan->batch > 0)
        dblk_text_append(text, "%" PRId64 " image%s at a time\n", plan->slice_images,
                         plan->slice_images == 1 ? "" : "s");
}
