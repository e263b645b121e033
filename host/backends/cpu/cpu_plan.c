#include "backends/cpu/cpu_plan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "backends/algorithm.h"
#include "backends/cpu/choice.h"
#include "backends/cpu/instruction_set.h"
#include "backends/cpu/layout.h"
#include "backends/host_tensor.h"
#include "status/fail.h"
#include "text/text.h"

void *dblk_cpu_thread(const struct dblk_cpu_plan *cpu, void *workspace) {
    return (char *)workspace + cpu->threads_offset + dblk_host_thread() * cpu->thread_bytes;
}

static denseblock_status check_options(const denseblock_plan *plan,
                                       const denseblock_plan_options *options) {
    if (dblk_algorithm_is_winograd(options->algorithm) && plan->type == DENSEBLOCK_F64)
        return dblk_fail(DENSEBLOCK_UNSUPPORTED,
                         "the cpu backend has Winograd algorithms for f32, f16 and bf16, not for "
                         "f64: use direct");
    return dblk_algorithm_check(plan, options);
}

/* Waking a thread costs more than what it would do in a layer of a tiny block. */
static int useful_threads(const denseblock_plan *plan, int thread_count) {
    static const double least_flops = 100e3;
    const double most = plan->flops / (double)(plan->layer_count + 1) / least_flops;
    return most < thread_count ? (int)most + 1 : thread_count;
}

static bool choose_and_lay_out(denseblock_plan *plan, const denseblock_plan_options *options,
                               bool direct_only, struct dblk_cpu_plan *cpu) {
    const int threads = useful_threads(plan, dblk_host_thread_count(options->thread_count));
    dblk_cpu_choose(plan, options, direct_only, cpu);
    return dblk_cpu_lay_out_workspace(plan, threads, options->workspace_limit, cpu);
}

/* What is chosen for speed may not fit in the limit. Without groups, sums of a group need not be
 * kept; without Winograd, no stack. */
static denseblock_status lay_out(denseblock_plan *plan, const denseblock_plan_options *options,
                                 struct dblk_cpu_plan *cpu) {
    const bool any_algorithm = options->algorithm == DENSEBLOCK_ALGORITHM_AUTO;
    const bool any_group = options->group_size == 0;
    denseblock_plan_options alone = *options;
    alone.group_size = 1;
    bool fits = choose_and_lay_out(plan, options, false, cpu);
    if (!fits && any_group)
        fits = choose_and_lay_out(plan, &alone, false, cpu);
    if (!fits && any_algorithm)
        fits = choose_and_lay_out(plan, options, true, cpu);
    if (!fits && any_algorithm && any_group)
        (void)choose_and_lay_out(plan, &alone, true, cpu);
    if (plan->workspace_bytes == SIZE_MAX || !dblk_cpu_lay_out_weights(plan, cpu))
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "what the block needs beside y is too large to address");
    return DENSEBLOCK_OK;
}

denseblock_status dblk_cpu_plan_make(denseblock_plan *plan,
                                     const denseblock_plan_options *options) {
    denseblock_status status = check_options(plan, options);
    const struct dblk_kernels *kernels = NULL;
    if (status == DENSEBLOCK_OK)
        status = dblk_kernels_find(plan->type, &kernels);
    if (status != DENSEBLOCK_OK)
        return status;

    /* As many layers fit in memory a moment ago, in plan itself. */
    struct dblk_cpu_plan *cpu =
        calloc(1, sizeof *cpu + (size_t)plan->layer_count * sizeof(struct dblk_cpu_layer));
    if (cpu == NULL)
        return dblk_fail(DENSEBLOCK_OUT_OF_MEMORY, "no memory for a plan of %" PRId64 " layers",
                         plan->layer_count);
    plan->details = cpu;
    cpu->kernels = kernels;
    cpu->real_size = plan->type == DENSEBLOCK_F64 ? sizeof(double) : sizeof(float);
    return lay_out(plan, options, cpu);
}

void dblk_cpu_plan_describe(struct dblk_text *text, const denseblock_plan *plan) {
    const struct dblk_cpu_plan *cpu = dblk_cpu_plan_of(plan);
    dblk_text_append(text, "kernels for %s, vectors of %d %s\n", cpu->kernels->name,
                     cpu->kernels->lanes, cpu->real_size == sizeof(double) ? "f64" : "f32");
    for (int64_t l = 0; l < plan->layer_count; l += cpu->layers[l].group_size) {
        dblk_describe_group(text, plan, l, cpu->layers[l].group_size, cpu->layers[l].algorithm);
        dblk_text_append(text, "\n");
    }
    if (plan->step_rows < plan->height)
        dblk_text_append(text, "an image at a time, in steps of %" PRId64 " rows\n",
                         plan->step_rows);
    else
        dblk_describe_slices(text, plan);
}
