/* A profiler in small: a library that NVTX loads (NVTX_INJECTION64_PATH), and that writes all it is
 * told to the file NVTX_RECORD, a line each, with tabs between the fields: process, thread, event,
 * and
 *
 *     push     depth, name, and of the payload each entry's name and value
 *     pop      depth of the range that ends; 0: none was open
 *     stream   name
 *     region   address, bytes
 *     label    address, text
 *     gone     address
 *     counter  name, value
 *     outside  a function: what belongs to no domain, or to another
 *
 * Payloads are read by the schema that was registered, as a profiler reads them. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>
#include <nvtx3/nvToolsExtCounters.h>
#include <nvtx3/nvToolsExtMem.h>
#include <nvtx3/nvToolsExtPayload.h>

#define EXPORT __attribute__((visibility("default")))

enum { LINE_SIZE = 1024, MOST_ENTRIES = 8, MOST_COUNTERS = 8 };

/* ---- The file ---- */

static int file = -1;

struct line {
    char text[LINE_SIZE];
    size_t length;
};

static void __attribute__((format(printf, 2, 3)))
append(struct line *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length =
        vsnprintf(line->text + line->length, sizeof line->text - line->length, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line->text - line->length)
        abort();
    line->length += (size_t)length;
}

static void begin(struct line *line, const char *event) {
    line->length = 0;
    append(line, "%ld\t%ld\t%s", (long)getpid(), (long)syscall(SYS_gettid), event);
}

/* In one piece: several threads and processes write. */
static void finish(struct line *line) {
    append(line, "\n");
    if (write(file, line->text, line->length) != (ssize_t)line->length)
        abort();
}

static void outside(const char *function) {
    struct line line;
    begin(&line, "outside");
    append(&line, "\t%s", function);
    finish(&line);
}

/* ---- Domains and names ---- */

static char domain_object[1];
#define OUR_DOMAIN ((nvtxDomainHandle_t)(void *)domain_object)

static bool is_ours(nvtxDomainHandle_t domain, const char *function) {
    if (domain == OUR_DOMAIN)
        return true;
    outside(function);
    return false;
}

static nvtxDomainHandle_t domain_create(const char *name) {
    if (strcmp(name, "denseblock") == 0)
        return OUR_DOMAIN;
    outside(name);
    return NULL;
}

static nvtxStringHandle_t register_string(nvtxDomainHandle_t domain, const char *text) {
    return is_ours(domain, "nvtxDomainRegisterStringA") ? (nvtxStringHandle_t)strdup(text) : NULL;
}

static void name_stream(nvtx_cudaStream_t stream, const char *name) {
    struct line line;
    begin(&line, stream == NULL ? "outside" : "stream");
    append(&line, "\t%s", name);
    finish(&line);
}

/* ---- Payloads ---- */

static struct {
    size_t count, bytes;
    char *names[MOST_ENTRIES];
    uint64_t offsets[MOST_ENTRIES];
} schema;
static const uint64_t schema_id = NVTX_PAYLOAD_SCHEMA_ID_DYNAMIC_START + 7;

/* Integers of 64 bits: there are no others. */
static uint64_t register_schema(nvtxDomainHandle_t domain, const nvtxPayloadSchemaAttr_t *attr) {
    const uint64_t needed =
        NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_TYPE | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_ENTRIES |
        NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_NUM_ENTRIES | NVTX_PAYLOAD_SCHEMA_ATTR_FIELD_STATIC_SIZE;
    if (!is_ours(domain, "nvtxPayloadSchemaRegister") || (attr->fieldMask & needed) != needed ||
        attr->type != NVTX_PAYLOAD_SCHEMA_TYPE_STATIC || attr->numEntries > MOST_ENTRIES)
        return 0;
    for (size_t i = 0; i < attr->numEntries; i++) {
        if (attr->entries[i].type != NVTX_PAYLOAD_ENTRY_TYPE_INT64)
            return 0;
        schema.names[i] = strdup(attr->entries[i].name);
        schema.offsets[i] = attr->entries[i].offset;
    }
    schema.count = attr->numEntries;
    schema.bytes = attr->payloadStaticSize;
    return schema_id;
}

static void append_payload(struct line *line, const nvtxEventAttributes_t *attributes) {
    if (attributes->payloadType != NVTX_PAYLOAD_TYPE_EXT || attributes->reserved0 != 1)
        return;
    const nvtxPayloadData_t *data;
    memcpy(&data, &attributes->payload.ullValue, sizeof(void *));
    if (data->schemaId != schema_id || data->size != schema.bytes)
        return;
    for (size_t i = 0; i < schema.count; i++) {
        int64_t value;
        memcpy(&value, (const char *)data->payload + schema.offsets[i], sizeof value);
        append(line, "\t%s\t%" PRId64, schema.names[i], value);
    }
}

/* ---- Ranges ---- */

static _Thread_local int depth;

static int push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t *attributes) {
    struct line line;
    if (!is_ours(domain, "nvtxDomainRangePushEx") || attributes->version != NVTX_VERSION ||
        attributes->size != NVTX_EVENT_ATTRIB_STRUCT_SIZE)
        return -1;
    begin(&line, "push");
    append(&line, "\t%d\t%s", depth + 1,
           attributes->messageType == NVTX_MESSAGE_TYPE_ASCII ? attributes->message.ascii
           : attributes->messageType == NVTX_MESSAGE_TYPE_REGISTERED
               ? (const char *)attributes->message.registered
               : "");
    append_payload(&line, attributes);
    finish(&line);
    return depth++;
}

static int pop(nvtxDomainHandle_t domain) {
    struct line line;
    if (!is_ours(domain, "nvtxDomainRangePop"))
        return -1;
    begin(&line, "pop");
    append(&line, "\t%d", depth);
    finish(&line);
    return depth > 0 ? --depth : -1;
}

/* ---- Memory ---- */

static void regions_register(nvtxDomainHandle_t domain,
                             const nvtxMemRegionsRegisterBatch_t *regions) {
    const nvtxMemVirtualRangeDesc_t *range = regions->regionDescElements;
    struct line line;
    if (!is_ours(domain, "nvtxMemRegionsRegister"))
        return;
    for (size_t i = 0; i < regions->regionCount; i++) {
        begin(&line, "region");
        append(&line, "\t%p\t%zu", range[i].ptr, range[i].size);
        finish(&line);
    }
}

static void regions_name(nvtxDomainHandle_t domain, const nvtxMemRegionsNameBatch_t *names) {
    struct line line;
    if (!is_ours(domain, "nvtxMemRegionsName"))
        return;
    for (size_t i = 0; i < names->regionCount; i++) {
        begin(&line, "label");
        append(&line, "\t%p\t%s", names->regionElements[i].region.pointer,
               names->regionElements[i].name.ascii);
        finish(&line);
    }
}

static void regions_unregister(nvtxDomainHandle_t domain,
                               const nvtxMemRegionsUnregisterBatch_t *regions) {
    struct line line;
    if (!is_ours(domain, "nvtxMemRegionsUnregister"))
        return;
    for (size_t i = 0; i < regions->refCount; i++) {
        begin(&line, "gone");
        append(&line, "\t%p", regions->refElements[i].pointer);
        finish(&line);
    }
}

static char *counter_names[MOST_COUNTERS];
static size_t counter_count;
static const uint64_t first_counter = NVTX_COUNTER_ID_DYNAMIC_START + 3;

static uint64_t counter_register(nvtxDomainHandle_t domain, const nvtxCounterAttr_t *attr) {
    if (!is_ours(domain, "nvtxCounterRegister") || counter_count == MOST_COUNTERS)
        return NVTX_COUNTER_ID_NONE;
    counter_names[counter_count] = strdup(attr->name);
    return first_counter + counter_count++;
}

static void counter_sample(nvtxDomainHandle_t domain, uint64_t counter, int64_t value) {
    struct line line;
    if (!is_ours(domain, "nvtxCounterSampleInt64") || counter - first_counter >= counter_count)
        return;
    begin(&line, "counter");
    append(&line, "\t%s\t%" PRId64, counter_names[counter - first_counter], value);
    finish(&line);
}

/* ---- What has no domain ---- */

static void mark_outside(const nvtxEventAttributes_t *attributes) {
    (void)attributes;
    outside("nvtxMarkEx");
}

static int push_outside(const nvtxEventAttributes_t *attributes) {
    (void)attributes;
    outside("nvtxRangePushEx");
    return 0;
}

static int push_text_outside(const char *text) {
    outside(text);
    return 0;
}

static int pop_outside(void) {
    outside("nvtxRangePop");
    return 0;
}

static nvtxRangeId_t start_outside(const nvtxEventAttributes_t *attributes) {
    (void)attributes;
    outside("nvtxRangeStartEx");
    return 0;
}

/* ---- How NVTX finds all this ---- */

static void fill(const NvtxExportTableCallbacks *callbacks, NvtxCallbackModule module,
                 unsigned int id, NvtxFunctionPointer function) {
    NvtxFunctionTable table = NULL;
    unsigned int size = 0;
    if (callbacks->GetModuleFunctionTable(module, &table, &size) != 0 && id < size)
        *table[id] = function;
}

EXPORT int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table);
EXPORT int InitializeInjectionNvtxExtension(nvtxExtModuleInfo_t *module);

int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
    static const struct {
        NvtxCallbackModule module;
        unsigned int id;
        NvtxFunctionPointer function;
    } functions[] = {
        {NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_MarkEx, (NvtxFunctionPointer)mark_outside},
        {NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_RangePushEx, (NvtxFunctionPointer)push_outside},
        {NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_RangePushA, (NvtxFunctionPointer)push_text_outside},
        {NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_RangePop, (NvtxFunctionPointer)pop_outside},
        {NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_RangeStartEx, (NvtxFunctionPointer)start_outside},
        {NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainCreateA, (NvtxFunctionPointer)domain_create},
        {NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainRegisterStringA,
         (NvtxFunctionPointer)register_string},
        {NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainRangePushEx, (NvtxFunctionPointer)push},
        {NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainRangePop, (NvtxFunctionPointer)pop},
        {NVTX_CB_MODULE_CUDART, NVTX_CBID_CUDART_NameCudaStreamA,
         (NvtxFunctionPointer)name_stream},
    };
    const char *path = getenv("NVTX_RECORD");
    const NvtxExportTableCallbacks *callbacks = get_table(NVTX_ETID_CALLBACKS);
    if (path == NULL || callbacks == NULL)
        return 0;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0)
        return 0;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        fill(callbacks, functions[i].module, functions[i].id, functions[i].function);
    return 1;
}

int InitializeInjectionNvtxExtension(nvtxExtModuleInfo_t *module) {
    static const struct {
        uint16_t module;
        unsigned int id;
        NvtxFunctionPointer function;
    } functions[] = {
        {NVTX_EXT_PAYLOAD_MODULEID, NVTX3EXT_CBID_nvtxPayloadSchemaRegister,
         (NvtxFunctionPointer)register_schema},
        {NVTX_EXT_MODULEID_MEM, NVTX3EXT_CBID_nvtxMemRegionsRegister,
         (NvtxFunctionPointer)regions_register},
        {NVTX_EXT_MODULEID_MEM, NVTX3EXT_CBID_nvtxMemRegionsName,
         (NvtxFunctionPointer)regions_name},
        {NVTX_EXT_MODULEID_MEM, NVTX3EXT_CBID_nvtxMemRegionsUnregister,
         (NvtxFunctionPointer)regions_unregister},
        {NVTX_EXT_COUNTERS_MODULEID, NVTX3EXT_CBID_nvtxCounterRegister,
         (NvtxFunctionPointer)counter_register},
        {NVTX_EXT_COUNTERS_MODULEID, NVTX3EXT_CBID_nvtxCounterSampleInt64,
         (NvtxFunctionPointer)counter_sample},
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (functions[i].module == module->moduleId)
            module->segments[0].functionSlots[functions[i].id] = (intptr_t)functions[i].function;
    return 1;
}
