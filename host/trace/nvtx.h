/* NVTX, and what the files of this folder share of it. Extensions are used where the toolkit has
 * headers for them, in a version that we know. */
#ifndef DENSEBLOCK_HOST_NVTX_H
#define DENSEBLOCK_HOST_NVTX_H

#include <nvtx3/nvToolsExt.h>

#if __has_include(<nvtx3/nvToolsExtPayload.h>)
#include <nvtx3/nvToolsExtPayload.h>
#if defined(NVTX_EXT_PAYLOAD_COMPATID) && NVTX_EXT_PAYLOAD_COMPATID >= 0x0104
#define HAS_PAYLOAD
#endif
#endif
#if __has_include(<nvtx3/nvToolsExtMem.h>)
#include <nvtx3/nvToolsExtMem.h>
#if defined(NVTX_EXT_COMPATID_MEM) && NVTX_EXT_COMPATID_MEM >= 0x0102
#define HAS_MEMORY
#endif
#endif
#if __has_include(<nvtx3/nvToolsExtSemanticsCounters.h>)
#include <nvtx3/nvToolsExtCounters.h>
#include <nvtx3/nvToolsExtSemanticsCounters.h>
#if defined(NVTX_EXT_COUNTERS_COMPATID) && NVTX_EXT_COUNTERS_COMPATID >= 0x0102
#define HAS_COUNTERS
#endif
#endif
#ifdef DENSEBLOCK_BUILD_CUDA
#include <nvtx3/nvToolsExtCudaRt.h>
#endif

/* "denseblock"; NULL where no profiler listens. */
extern nvtxDomainHandle_t dblk_trace_domain;

/* Tells the profiler of counters that will come. */
void dblk_trace_register_counters(void);

#endif
