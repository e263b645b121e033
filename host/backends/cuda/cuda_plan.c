#include "backends/cuda/cuda_plan.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "backends/algorithm.h"
#include "backends/cuda/cuda_layout.h"
#include "backends/cuda/cuda_predict.h"
#include "backends/cuda/cuda_ways.h"
#include "status/fail.h"
#include "text/text.h"

static denseblock_status check_options(const denseblock_plan *plan,
                                       const denseblock_plan_options *options) {
    if (!dblk_algorithm_is_winograd(options->algorithm))
        return DENSEBLOCK_OK;
    if (!dblk_cuda_has_tensor_cores(plan) && denseblock_type_size(plan->type) == 2)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cuda backend has only the direct algorithm for %s on GPUs before "
                         "compute capability 8.0: use auto or direct",
                         denseblock_type_name(plan->type));
    return dblk_winograd_stack_check(plan, options);
}

/* Launches that overlap, from compute capability 9.0 on: unless the environment says otherwise, as who
 * compares or looks for a fault will want to. */
static denseblock_status choose_overlap(const denseblock_plan *plan) {
    struct dblk_cuda_plan *cuda = plan->details;
    const char *asked = getenv("DENSEBLOCK_OVERLAP");
    const bool off = asked != NULL && strcmp(asked, "off") == 0;
    if (asked != NULL && !off && strcmp(asked, "on") != 0)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "DENSEBLOCK_OVERLAP is '%s': there are on and off", asked);
    cuda->overlaps = cuda->gpu.compute_capability >= 90 && !off;
    return DENSEBLOCK_OK;
}

/* wgmma, where it is asked for. */
static denseblock_status choose_instructions(const denseblock_plan *plan,
                                             const denseblock_plan_options *options) {
    struct dblk_cuda_plan *cuda = plan->details;
    const int capability = cuda->gpu.compute_capability;
    cuda->instructions = DBLK_TENSOR_MMA;
    if (options->instructions != DENSEBLOCK_INSTRUCTIONS_WGMMA)
        return DENSEBLOCK_OK;
    cuda->instructions = DBLK_TENSOR_WGMMA;
    if (!dblk_tensor_has_wgmma())
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "this build has no kernels with wgmma: build it for architecture 90");
    if (capability != 90)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "wgmma needs a GPU of compute capability 9.0, this one has %d.%d",
                         capability / 10, capability % 10);
    if (!dblk_cuda_has_tensor_cores(plan))
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "wgmma is for f16, bf16, tf32 and tf32x3: use the default instructions "
                         "for %s",
                         denseblock_type_name(plan->type));
    return DENSEBLOCK_OK;
}

static bool is_allowed(const denseblock_plan *plan, const denseblock_plan_options *options,
                       denseblock_algorithm algorithm) {
    if (options->algorithm != DENSEBLOCK_ALGORITHM_AUTO)
        return options->algorithm == algorithm;
    if (algorithm == DENSEBLOCK_ALGORITHM_DIRECT)
        return true;
    if (algorithm == DENSEBLOCK_ALGORITHM_WINOGRAD4 &&
        (plan->type != DENSEBLOCK_F32 || plan->arithmetic == DENSEBLOCK_ARITHMETIC_TF32 ||
         options->accuracy == DENSEBLOCK_ACCURACY_HIGH))
        return false;
    return true;
}

static denseblock_status check_units(const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_work work = dblk_cuda_work_of(plan, l);
    const struct dblk_tensor_way *way = dblk_cuda_way_of(plan, l);
    int64_t units;
    if (__builtin_mul_overflow(dblk_tensor_tiles(way, work.pixels, work.columns),
                               dblk_tensor_chunks(way, work.channels), &units) ||
        units > INT_MAX)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "layer %" PRId64
                         ": the cuda backend cannot launch a convolution of this "
                         "size at once",
                         l);
    return DENSEBLOCK_OK;
}

/* What no launch could take is refused now. */
static denseblock_status check_launches(const denseblock_plan *plan) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    denseblock_status status = DENSEBLOCK_OK;
    for (int64_t l = 0; status == DENSEBLOCK_OK && l < plan->layer_count; l++) {
        const struct dblk_direct_convolution convolution = {
            .images = plan->slice_images,
            .height = plan->height,
            .width = plan->width,
            .kernel_height = plan->layers[l].kernel_height,
            .kernel_width = plan->layers[l].kernel_width,
            .channels = plan->layers[l].channels,
            .columns = cuda->layers[l].group.columns,
        };
        status = dblk_direct_check(&convolution);
        if (status == DENSEBLOCK_OK && cuda->tensor)
            status = check_units(plan, l);
    }
    return status;
}

denseblock_status dblk_cuda_plan_make(denseblock_plan *plan,
                                      const denseblock_plan_options *options) {
    const struct dblk_group_rules rules = {
        .launch = DBLK_CUDA_LAUNCH,
        .most_direct = INT64_MAX,
        .allows = is_allowed,
        .begin = dblk_cuda_begin,
        .form = dblk_cuda_form,
        .layer_cost = dblk_cuda_layer_cost,
        .keep_cost = dblk_cuda_keep_time,
        .finish = dblk_cuda_finish,
    };
    /* As many layers fit in memory a moment ago, in plan itself. */
    struct dblk_cuda_plan *cuda =
        calloc(1, sizeof *cuda + (size_t)plan->layer_count * sizeof(struct dblk_cuda_layer));
    if (cuda == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of %" PRId64 " layers",
                         plan->layer_count);
    plan->details = cuda;
    plan->thread_count = 1;
    denseblock_status status = dblk_cuda_device_limits(plan->device, &cuda->gpu);
    if (status == DENSEBLOCK_OK)
        status = check_options(plan, options);
    if (status == DENSEBLOCK_OK)
        status = choose_instructions(plan, options);
    if (status == DENSEBLOCK_OK)
        status = choose_overlap(plan);
    if (status == DENSEBLOCK_OK)
        status = dblk_groups_choose(plan, options, &rules);
    if (status != DENSEBLOCK_OK)
        return status;
    if (plan->workspace_bytes == SIZE_MAX || !dblk_cuda_lay_out_weights(plan))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "what the block needs beside y is too large to address");
    dblk_cuda_predict(plan);
    plan->predicted_seconds = 1e-6 * cuda->microseconds;
    return check_launches(plan);
}

static void describe_way(struct dblk_text *text, const struct dblk_tensor_way *way) {
    dblk_text_append(text, "%d x %d", DBLK_TENSOR_PIXELS, way->tile_columns);
    if (way->blocks != 0)
        dblk_text_append(text, " in %d shares", way->blocks);
}

static void describe_tensor_group(struct dblk_text *text, const struct dblk_cuda_layer *group) {
    dblk_text_append(text, ", tiles of ");
    describe_way(text, &group->outer);
    if (group->group.size > 1) {
        dblk_text_append(text, ", then ");
        describe_way(text, &group[1].inner);
    }
}

static void describe_products(struct dblk_text *text, const denseblock_plan *plan,
                              int64_t columns) {
    dblk_text_append(text, "%d x %d", DBLK_DIRECT_RUNS * DBLK_DIRECT_RUN,
                     dblk_direct_layout(plan->type, 1, 1, 1, columns).tile_columns);
}

static void describe_simt_group(struct dblk_text *text, const denseblock_plan *plan, int64_t l) {
    const struct dblk_cuda_layer *group = &dblk_cuda_plan_of(plan)->layers[l];
    dblk_text_append(text, ", tiles of ");
    if (!dblk_algorithm_is_winograd(group->algorithm)) {
        dblk_text_append(text, "%dx%d pixels", group->tile.rows,
                         group->tile.column_groups * DBLK_DIRECT_RUN);
        return;
    }
    describe_products(text, plan, group->group.columns);
    if (group->group.size > 1) {
        dblk_text_append(text, ", then ");
        describe_products(text, plan, plan->layers[l + 1].growth);
    }
}

static void describe_prediction(struct dblk_text *text, const denseblock_plan *plan) {
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const struct dblk_cuda_limits *gpu = &cuda->gpu;
    const struct dblk_cuda_traffic *moved = &cuda->traffic;
    dblk_text_append(text, "predicted %.3g us, by a model that has not been fitted\n",
                     cuda->microseconds);
    dblk_text_append(text, "at least %.3g us for the products, at %.3g TFLOP/s\n",
                     cuda->products_microseconds,
                     2e-6 * cuda->multiply_adds / cuda->products_microseconds);
    dblk_text_append(text,
                     "at least %.3g us for %.4g MB through the L2 cache, %.3g us for %.4g MB of "
                     "memory; y and weights are %.4g MB\n",
                     dblk_cuda_cache_time(gpu, moved->cache), 1e-6 * moved->cache,
                     dblk_cuda_memory_time(gpu, moved->memory), 1e-6 * moved->memory,
                     1e-6 * (double)(plan->output_bytes + plan->weights_bytes));
}

void dblk_cuda_plan_describe(struct dblk_text *text, const denseblock_plan *plan) {
    static const char *const forms[] = {"f16", "bf16", "TF32", "three products of TF32"};
    const struct dblk_cuda_plan *cuda = dblk_cuda_plan_of(plan);
    const char *sums = plan->type == DENSEBLOCK_F64 ? "f64" : "f32";
    if (cuda->tensor)
        dblk_text_append(text, "tensor cores, %s%s, sums in %s\n", forms[cuda->form],
                         cuda->instructions == DBLK_TENSOR_WGMMA
                             ? " by wgmma (kernels that have not run on a GPU yet)"
                             : "",
                         sums);
    else
        dblk_text_append(text, "SIMT kernels, sums in %s\n", sums);
    for (int64_t l = 0; l < plan->layer_count; l += cuda->layers[l].group.size) {
        const struct dblk_cuda_layer *group = &cuda->layers[l];
        dblk_describe_group(text, plan, l, group->group.size, group->algorithm);
        if (cuda->tensor)
            describe_tensor_group(text, group);
        else
            describe_simt_group(text, plan, l);
        dblk_text_append(text, "\n");
    }
    dblk_winograd_stack_describe(text, &cuda->stack);
    dblk_describe_slices(text, plan);
    if (plan->batch > 0 && plan->layer_count > 0)
        describe_prediction(text, plan);
}
