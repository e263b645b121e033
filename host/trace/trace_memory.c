/* The memory of buffers: its regions with their labels, and counters of the bytes in use. */
#include <stdatomic.h>

#include "trace/nvtx.h"
#include "trace/trace.h"

enum { MEMORIES = 2 };

/* ---- Counters ---- */

#ifdef HAS_COUNTERS
static uint64_t counters[MEMORIES];
static atomic_llong held[MEMORIES]; /* of all buffers in the process */
#endif

void dblk_trace_register_counters(void) {
#ifdef HAS_COUNTERS
    static const char *const names[MEMORIES] = {
        [DENSEBLOCK_MEMORY_HOST] = "host bytes", [DENSEBLOCK_MEMORY_DEVICE] = "device bytes"};
    static const nvtxSemanticsCounter_t bytes = {
        .header = {.structSize = sizeof bytes,
                   .semanticId = NVTX_SEMANTIC_ID_COUNTERS_V1,
                   .version = NVTX_COUNTER_SEMANTIC_VERSION},
        .flags =
            NVTX_COUNTER_FLAG_VALUETYPE_ABSOLUTE | NVTX_COUNTER_FLAG_INTERPOLATION_UNTIL_NEXT,
        .unit = "B",
        .unitScaleNumerator = 1,
        .unitScaleDenominator = 1,
    };
    for (int memory = 0; memory < MEMORIES; memory++) {
        const nvtxCounterAttr_t attributes = {
            .structSize = sizeof attributes,
            .schemaId = NVTX_PAYLOAD_ENTRY_TYPE_INT64,
            .name = names[memory],
            .description = "what denseblock_buffers hold",
            .scopeId = NVTX_SCOPE_CURRENT_SW_PROCESS,
            .semantics = &bytes.header,
        };
        counters[memory] = nvtxCounterRegister(dblk_trace_domain, &attributes);
    }
#endif
}

static void count(denseblock_memory memory, long long change) {
#ifdef HAS_COUNTERS
    const long long now = atomic_fetch_add(&held[memory], change) + change;
    nvtxCounterSampleInt64(dblk_trace_domain, counters[memory], now);
#else
    (void)memory;
    (void)change;
#endif
}

/* ---- Regions ---- */

void dblk_trace_add_region(const void *address, size_t bytes, denseblock_memory memory,
                           const char *label) {
#ifdef HAS_MEMORY
    const nvtxMemVirtualRangeDesc_t range = {.size = bytes, .ptr = address};
    const nvtxMemRegionsRegisterBatch_t regions = {
        .extCompatID = NVTX_EXT_COMPATID_MEM,
        .structSize = sizeof regions,
        .regionType = NVTX_MEM_TYPE_VIRTUAL_ADDRESS,
        .heap = NVTX_MEM_HEAP_HANDLE_PROCESS_WIDE,
        .regionCount = 1,
        .regionDescElementSize = sizeof range,
        .regionDescElements = &range,
    };
    nvtxMemRegionsRegister(dblk_trace_domain, &regions);
    const nvtxMemRegionNameDesc_t name = {
        .regionRefType = NVTX_MEM_REGION_REF_TYPE_POINTER,
        .nameType = NVTX_MESSAGE_TYPE_ASCII,
        .region.pointer = address,
        .name.ascii = label,
    };
    const nvtxMemRegionsNameBatch_t labels = {
        .extCompatID = NVTX_EXT_COMPATID_MEM,
        .structSize = sizeof labels,
        .regionCount = 1,
        .regionElementSize = sizeof name,
        .regionElements = &name,
    };
    nvtxMemRegionsName(dblk_trace_domain, &labels);
#else
    (void)address;
    (void)label;
#endif
    count(memory, (long long)bytes);
}

void dblk_trace_remove_region(const void *address, size_t bytes, denseblock_memory memory) {
#ifdef HAS_MEMORY
    const nvtxMemRegionRef_t region = {.pointer = address};
    const nvtxMemRegionsUnregisterBatch_t regions = {
        .extCompatID = NVTX_EXT_COMPATID_MEM,
        .structSize = sizeof regions,
        .refType = NVTX_MEM_REGION_REF_TYPE_POINTER,
        .refCount = 1,
        .refElementSize = sizeof region,
        .refElements = &region,
    };
    nvtxMemRegionsUnregister(dblk_trace_domain, &regions);
#else
    (void)address;
#endif
    count(memory, -(long long)bytes);
}
