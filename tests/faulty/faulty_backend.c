/* A backend that makes mistakes, in place of `cpu`: the reference, and then the fault that the
 * environment variable DENSEBLOCK_FAULT names. The tool is linked with it, so that its
 * comparisons are seen to find what they are there to find. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "block/plan.h"
#include "elements/elements.h"
#include "status/fail.h"

/* The linker sends the library's calls here, and ours of __real_f to the library. */
denseblock_status __real_dblk_backend_find(denseblock_backend id, int device,
                                           const struct dblk_backend **backend);
denseblock_status __wrap_dblk_backend_find(denseblock_backend id, int device,
                                           const struct dblk_backend **backend);
denseblock_status __real_denseblock_backend_check(denseblock_backend backend);
denseblock_status __wrap_denseblock_backend_check(denseblock_backend backend);

denseblock_status __real_denseblock_buffers_allocate(denseblock_buffers *buffers,
                                                     denseblock_context *context,
                                                     denseblock_memory memory, size_t bytes,
                                                     const char *label, void **address);
denseblock_status __wrap_denseblock_buffers_allocate(denseblock_buffers *buffers,
                                                     denseblock_context *context,
                                                     denseblock_memory memory, size_t bytes,
                                                     const char *label, void **address);

static bool fault_is(const char *name) {
    const char *fault = getenv("DENSEBLOCK_FAULT");
    return fault != NULL && strcmp(fault, name) == 0;
}

static denseblock_status faulty_plan(denseblock_plan *plan,
                                     const denseblock_plan_options *options) {
    if (fault_is("unsupported"))
        return dblk_fail(DENSEBLOCK_UNSUPPORTED, "the faulty backend does not do this");
    return dblk_backend_reference.plan(plan, options);
}

/* The layer's first channel of the last pixel. */
static size_t last_place(const denseblock_plan *plan, const struct dblk_layer *layer) {
    const int64_t end = plan->batch * plan->height * plan->width * plan->output_pitch;
    return (size_t)(end - plan->output_pitch + layer->output_channel);
}

static void spoil(const denseblock_plan *plan, const struct dblk_layer *layer, void *outputs) {
    const size_t place = last_place(plan, layer);
    const double value = dblk_element_load(plan->type, outputs, place);
    if (fault_is("value"))
        dblk_element_store(plan->type, outputs, place, value + 1);
    if (fault_is("nan"))
        dblk_element_store(plan->type, outputs, place, (double)NAN);
}

static denseblock_status
faulty_forward_layer(denseblock_context *context, const denseblock_plan *plan, int64_t l,
                     const struct dblk_region *region, const void *prepared,
                     const struct dblk_tensors *tensors, void *workspace) {
    const size_t place = last_place(plan, &plan->layers[l]);
    const double before = dblk_element_load(plan->type, tensors->outputs, place);
    const denseblock_status status = dblk_backend_reference.forward_layer(
        context, plan, l, region, prepared, tensors, workspace);
    /* Elsewhere memory holds the right value, as what an earlier forward has freed may do. */
    if (fault_is("unwritten") && isnan(before))
        dblk_element_store(plan->type, tensors->outputs, place, before);
    if (fault_is("failure"))
        return dblk_fail(DENSEBLOCK_DEVICE_FAILED, "the faulty backend failed");
    if (l == plan->layer_count - 1)
        spoil(plan, &plan->layers[l], tensors->outputs);
    return status;
}

denseblock_status __wrap_dblk_backend_find(denseblock_backend id, int device,
                                           const struct dblk_backend **backend) {
    static struct dblk_backend faulty;
    if (id != DENSEBLOCK_BACKEND_CPU)
        return __real_dblk_backend_find(id, device, backend);
    faulty = dblk_backend_reference;
    faulty.id = DENSEBLOCK_BACKEND_CPU;
    faulty.name = "cpu";
    faulty.plan = faulty_plan;
    faulty.forward_layer = faulty_forward_layer;
    *backend = &faulty;
    return DENSEBLOCK_OK;
}

denseblock_status __wrap_denseblock_backend_check(denseblock_backend backend) {
    return backend == DENSEBLOCK_BACKEND_CPU ? DENSEBLOCK_OK
                                             : __real_denseblock_backend_check(backend);
}

/* More memory than is needed: `memory` must see it. */
denseblock_status __wrap_denseblock_buffers_allocate(denseblock_buffers *buffers,
                                                     denseblock_context *context,
                                                     denseblock_memory memory, size_t bytes,
                                                     const char *label, void **address) {
    if (fault_is("account") && strcmp(label, "y") == 0)
        bytes += 8;
    return __real_denseblock_buffers_allocate(buffers, context, memory, bytes, label, address);
}
