/* The kernel emulator: runs the CUDA source of a kernel on the CPU, and watches every access that
 * it makes to memory.
 *
 * This is its interface to the host side: the runtime double says what device memory there is and
 * runs kernels; tests choose how, and ask what was reported. One operating-system thread only.
 *
 * What a kernel has to keep to, so that all of it is seen: shared memory through SHARED_MEMORY,
 * vectors through vector_access.h, instructions through ptx.h, tables as constants; no static shared
 * memory, and no variables of the program.
 *
 * What it cannot show: time, the order of accesses in hardware (fences do nothing here, and what
 * blocks of one launch tell each other through atomics orders nothing: it is reported as a race),
 * mistakes of CUDA's compiler, the rounding of tensor cores, local variables that are read before
 * they are written. */
#ifndef TESTS_EMULATOR_H
#define TESTS_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Device memory ---- */

/* Kernels may use these bytes from now on; nothing has been written there yet. `address` is a
 * multiple of 256. */
void emulator_memory_add(void *address, size_t bytes);

/* Kernels may no longer. */
void emulator_memory_remove(void *address);

/* A copy or a memset of the host has written these bytes. */
void emulator_memory_written(const void *address, size_t bytes);

/* Whether every one of these bytes has been written, by the host or by a kernel. */
bool emulator_memory_is_written(const void *address, size_t bytes);

/* ---- Kernels ---- */

struct emulator_launch {
    const char *name;
    unsigned grid[3], block[3];
    size_t shared_bytes; /* dynamic shared memory */
    bool dependent;      /* may begin while the kernel before it runs: LAUNCH_DEPENDENT */
    void (*body)(void *closure);
    void *closure; /* the kernel with its arguments */
    size_t closure_bytes;
};

/* Runs all blocks of a kernel. False where something was reported that on a GPU would end the
 * launch with an error (an access out of bounds, a misaligned one, sizes that there are not) or
 * that would hang it (threads at different barriers): the grid has been given up. */
bool emulator_run(const struct emulator_launch *launch);

/* What LAUNCH of emulated_language.h calls: to run the kernel now or when the stream comes to it,
 * and then destroy the closure. Defined by the runtime double, or by a test that has none.
 *
 *   function   the kernel, as cudaFuncSetAttribute knows it
 *   stream     a cudaStream_t */
void emulator_enqueue(const struct emulator_launch *launch, const void *function, void *stream,
                      void (*destroy)(void *closure));

/* ---- How ---- */

/* A sector of 32 bytes of device memory that a warp asked for, with one access. */
struct emulator_sector {
    uint64_t launch;  /* 1 for the first one, since the counters were cleared */
    uint64_t block;   /* of the grid */
    uint64_t number;  /* address / 32 */
    uint32_t written; /* a bit for each byte that is stored; 0: a load */
};

struct emulator_settings {
    uint64_t seed;       /* decides in which order blocks and threads run */
    bool early_copies;   /* asynchronous copies land at once; otherwise as late as is allowed */
    bool keep_going;     /* after an access out of bounds: then only its block is given up */
    size_t most_reports; /* of one launch; 0: 16 */
    bool skip_traffic;   /* do not count sectors and wavefronts: faster */
    /* Where not NULL, and traffic is not skipped: called for each sector, block after block. */
    void (*trace)(void *tracer, const struct emulator_sector *sector);
    void *tracer;
};
void emulator_set(const struct emulator_settings *settings);

/* ---- What was found ---- */

enum emulator_finding {
    EMULATOR_OUT_OF_BOUNDS, /* of device memory, or of the block's shared memory */
    EMULATOR_HOST_POINTER,  /* an access to memory of the host */
    EMULATOR_MISALIGNED,    /* an access at no multiple of its size */
    EMULATOR_NOT_WRITTEN,   /* a read of memory that nothing has been written to */
    EMULATOR_RACE,       /* two threads at one place, one of them writing, no barrier between */
    EMULATOR_IN_FLIGHT,  /* an access to what an asynchronous copy has not delivered yet, or not
                            to this thread, which has not waited for it */
    EMULATOR_DIVERGENCE, /* threads of a block or warp at different barriers, or gone */
    EMULATOR_WRITTEN_TWICE, /* two blocks or threads store to one place of device memory */
    EMULATOR_BAD_LAUNCH,    /* sizes that hardware does not have */
    EMULATOR_MISUSED, /* an instruction as its document forbids: an mbarrier before its init, or
                         with too many arrivals, registers of a product that is not complete */
    EMULATOR_DEPENDENCE, /* in a dependent launch: an access that comes before the thread has
                               waited for the launches ahead, or a thread that never waits */
    EMULATOR_UNDEFINED,  /* signed overflow, a shift too far, an index outside of a local array */
    EMULATOR_FINDINGS
};

/* How many of a kind, or of all (EMULATOR_FINDINGS), since the last clearing. */
size_t emulator_count(enum emulator_finding kind);

/* What was reported, a line each: kernel, kind, address and memory, block and thread, file and
 * line. "" where nothing was. */
const char *emulator_reports(void);

void emulator_clear(void);

/* What the kernels have done since the last clearing of the counters. */
struct emulator_counters {
    uint64_t launches, blocks, barriers;
    uint64_t dependent_launches;          /* of the launches */
    uint64_t global_loads, global_stores; /* accesses of single threads */
    uint64_t global_load_bytes, global_store_bytes;
    uint64_t global_load_sectors, global_store_sectors; /* of 32 bytes, of whole warps */
    uint64_t shared_accesses, shared_wavefronts;        /* of whole warps; without bank conflicts
                                                           the two are as the widths ask */
    uint64_t shared_conflicts;                          /* wavefronts beyond those */
    uint64_t matrix_instructions, async_copies;
};
void emulator_count_work(struct emulator_counters *counters);
void emulator_clear_counters(void);

#ifdef __cplusplus
}
#endif

#endif
