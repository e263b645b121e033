/* The domain, ranges, and names of streams. */
#include "trace/trace.h"

#include <inttypes.h>
#include <pthread.h>

#include "backends/algorithm.h"
#include "backends/backend.h"
#include "trace/nvtx.h"

bool dblk_trace_attached;
nvtxDomainHandle_t dblk_trace_domain;

/* What a range shows beside its name. */
struct payload {
    int64_t layer;            /* the first of several */
    int64_t channels_read;    /* of every pixel */
    int64_t channels_written; /* likewise */
    int64_t bytes; /* of these features and of the kernels between them, in the block's type */
};

enum { NAME_SIZE = 64 };

static const char *const names[DBLK_TRACE_PHASE_COUNT] = {
    [DBLK_TRACE_FORWARD] = "forward",
    [DBLK_TRACE_PREPARE] = "prepare weights",
    [DBLK_TRACE_PREPARE_LAYER] = "prepare layer",
    [DBLK_TRACE_CAPTURE] = "capture graph",
    [DBLK_TRACE_GRAPH] = "launch graph",
    [DBLK_TRACE_PLACE_INPUT] = "place input",
    [DBLK_TRACE_TRANSFORM] = "transform",
    [DBLK_TRACE_IM2COL] = "im2col",
    [DBLK_TRACE_RECTIFY] = "rectify",
    [DBLK_TRACE_OUTER] = "outer",
    [DBLK_TRACE_INNER] = "inner",
    [DBLK_TRACE_COMPLETE] = "complete",
    [DBLK_TRACE_REPAIR] = "repair",
};

/* The profiler's own copies of the names: it may look for ranges by registered names only. */
static nvtxStringHandle_t registered[DBLK_TRACE_PHASE_COUNT];

/* ---- The profiler ---- */

static uint64_t payload_schema; /* 0: the profiler takes none */

static void register_payload(void) {
#ifdef HAS_PAYLOAD
    static const nvtxPayloadSchemaEntry_t entries[] = {
        {.type = NVTX_PAYLOAD_ENTRY_TYPE_INT64,
         .name = "layer",
         .offset = offsetof(struct payload, layer)},
        {.type = NVTX_PAYLOAD_ENTRY_TYPE_INT64,
         .name = "channels read",
         .offset = offsetof(struct payload, channels_read)},
        {.type = NVTX_PAYLOAD_ENTRY_TYPE_INT64,
         .name = "channels written",
         .offset = offsetof(struct payload, channels_written)},
        {.type = NVTX_PAYLOAD_ENTRY_TYPE_INT64,
         .name = "bytes",
         .offset = offsetof(struct payload, bytes)},
    };
    static const nvtxPayloadSchemaAttr_t schema = {
        .fieldMask = NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NAME | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_TYPE |
                     NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES |
                     NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES |
                     NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_STATIC_SIZE,
        .name = "work",
        .type = NVTX_PAYLOAD_SCHEMA_TYPE_STATIC,
        .entries = entries,
        .numEntries = sizeof entries / sizeof entries[0],
        .payloadStaticSize = sizeof(struct payload),
    };
    payload_schema = nvtxPayloadSchemaRegister(dblk_trace_domain, &schema);
#endif
}

/* No handle to a domain: nobody is there to make it. */
static void attach(void) {
    dblk_trace_domain = nvtxDomainCreateA("denseblock");
    if (dblk_trace_domain == NULL)
        return;
    for (int i = 0; i < DBLK_TRACE_PHASE_COUNT; i++)
        registered[i] = nvtxDomainRegisterStringA(dblk_trace_domain, names[i]);
    register_payload();
    dblk_trace_register_counters();
    dblk_trace_attached = true;
}

void dblk_trace_look_for_profiler(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, attach); /* cannot fail */
}

/* ---- Ranges ---- */

static nvtxEventAttributes_t phase_attributes(enum dblk_trace_phase phase) {
    nvtxEventAttributes_t attributes = {.version = NVTX_VERSION,
                                        .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE};
    if (registered[phase] != NULL) {
        attributes.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
        attributes.message.registered = registered[phase];
    } else {
        attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
        attributes.message.ascii = names[phase];
    }
    return attributes;
}

static _Thread_local int64_t first_layer;

void dblk_trace_set_first_layer(int64_t number) {
    first_layer = number;
}

static nvtxEventAttributes_t named_attributes(const char *name) {
    return (nvtxEventAttributes_t){.version = NVTX_VERSION,
                                   .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                                   .messageType = NVTX_MESSAGE_TYPE_ASCII,
                                   .message.ascii = name};
}

static void push(nvtxEventAttributes_t attributes, const struct payload *payload) {
#ifdef HAS_PAYLOAD
    const nvtxPayloadData_t data = {
        .schemaId = payload_schema, .size = sizeof *payload, .payload = payload};
    if (payload_schema != 0) {
        attributes.payloadType = NVTX_PAYLOAD_TYPE_EXT;
        attributes.reserved0 = 1; /* the number of payloads */
        attributes.payload.ullValue = (uintptr_t)&data;
    }
#else
    (void)payload;
#endif
    (void)nvtxDomainRangePushEx(dblk_trace_domain, &attributes);
}

/* Layers [first, first + count), of so many pixels. */
static struct payload payload_of_layers(const denseblock_plan *plan, int64_t first, int64_t count,
                                        int64_t pixels) {
    struct payload payload = {.layer = first_layer + first, .channels_read = plan->channels};
    int64_t elements = 0;
    if (count > 0)
        payload.channels_read = plan->layers[first].channels;
    for (int64_t l = first; l < first + count; l++) {
        payload.channels_written += plan->layers[l].growth;
        elements += dblk_layer_kernel_count(&plan->layers[l]);
    }
    elements += pixels * (payload.channels_read + payload.channels_written);
    if (plan->adds) /* what the outputs are added to is read too */
        elements += pixels * payload.channels_written;
    payload.bytes = elements * (int64_t)denseblock_type_size(plan->type);
    return payload;
}

void dblk_trace_push(enum dblk_trace_phase phase) {
    const nvtxEventAttributes_t attributes = phase_attributes(phase);
    (void)nvtxDomainRangePushEx(dblk_trace_domain, &attributes);
}

void dblk_trace_push_block(enum dblk_trace_phase phase, const denseblock_plan *plan) {
    const int64_t pixels =
        phase == DBLK_TRACE_PREPARE ? 0 : plan->batch * plan->height * plan->width;
    const struct payload payload = payload_of_layers(plan, 0, plan->layer_count, pixels);
    push(phase_attributes(phase), &payload);
}

void dblk_trace_change_group(const denseblock_plan *plan, int64_t l, int64_t pixels,
                             int64_t *open) {
    char name[NAME_SIZE];
    int64_t first = l, count = 1;
    if (plan->backend->group != NULL)
        plan->backend->group(plan, l, &first, &count);
    if (*open == first)
        return;
    dblk_trace_group_end(*open);
    *open = -1;
    if (count == 1)
        return;
    const struct payload payload = payload_of_layers(plan, first, count, pixels);
    (void)snprintf(name, sizeof name, "layers %" PRId64 "..%" PRId64, first, first + count - 1);
    push(named_attributes(name), &payload);
    *open = first;
}

void dblk_trace_push_layer(const denseblock_plan *plan, int64_t l, int64_t pixels) {
    char name[NAME_SIZE];
    const struct payload payload = payload_of_layers(plan, l, 1, pixels);
    (void)snprintf(name, sizeof name, "layer %" PRId64, first_layer + l);
    push(named_attributes(name), &payload);
}

void dblk_trace_push_part(enum dblk_trace_phase phase, const denseblock_plan *plan, int64_t l,
                          int64_t pixels, int64_t read, int64_t written) {
    const struct dblk_layer *layer = &plan->layers[l];
    const bool has_kernel = phase == DBLK_TRACE_OUTER || phase == DBLK_TRACE_INNER ||
                            phase == DBLK_TRACE_REPAIR || phase == DBLK_TRACE_PREPARE_LAYER;
    const int64_t kernel =
        has_kernel ? layer->kernel_height * layer->kernel_width * read * written : 0;
    const struct payload payload = {
        .layer = first_layer + l,
        .channels_read = read,
        .channels_written = written,
        .bytes = (pixels * (read + written) + kernel) * (int64_t)denseblock_type_size(plan->type),
    };
    push(phase_attributes(phase), &payload);
}

void dblk_trace_push_product(const denseblock_plan *plan, int64_t l, int64_t pixels,
                             const struct dblk_group *group) {
    const struct dblk_layer *layer = &plan->layers[l];
    if (l == group->first)
        dblk_trace_push_part(DBLK_TRACE_OUTER, plan, l, pixels, layer->channels, group->columns);
    else
        dblk_trace_push_part(DBLK_TRACE_INNER, plan, l, pixels, layer->channels - group->channels,
                             layer->growth);
}

void dblk_trace_pop(void) {
    (void)nvtxDomainRangePop(dblk_trace_domain);
}

/* ---- Streams ---- */

void dblk_trace_name_stream(void *stream, const char *name) {
#ifdef DENSEBLOCK_BUILD_CUDA
    char text[NAME_SIZE];
    (void)snprintf(text, sizeof text, "denseblock %s", name);
    nvtxNameCudaStreamA(stream, text);
#else
    (void)stream;
    (void)name;
#endif
}
