/* What every access of a kernel goes through: whose memory it is, and whether it may. */
#include <stdio.h>

#include "memory.h"
#include "module.h"
#include "traffic.h"
#include "warpgroups.h"

/* The region that the instruction at some place found last time. An instruction mostly stays in one
 * allocation. */
enum { REMEMBERED_REGIONS = 256 };
static struct region *remembered[REMEMBERED_REGIONS];

void access_forget_regions(void) {
    memset(remembered, 0, sizeof remembered);
}

/* ---- Constants ---- */

/* Those of the program or shared library that the emulator is in, and the kernels with it. */
struct range {
    uintptr_t low, high;
};
enum { MOST_RANGES = 64 };
static struct range constants[MOST_RANGES];
static size_t constant_count;

static void note_constants(const struct dl_phdr_info *module) {
    for (int i = 0; i < module->dlpi_phnum && constant_count < MOST_RANGES; i++) {
        const ElfW(Phdr) *header = &module->dlpi_phdr[i];
        const bool read_only = header->p_type == PT_LOAD && !(header->p_flags & PF_W);
        if (read_only || header->p_type == PT_GNU_RELRO) {
            const uintptr_t low = module->dlpi_addr + header->p_vaddr;
            constants[constant_count++] = (struct range){low, low + header->p_memsz};
        }
    }
}

static bool is_constant(uintptr_t address, size_t bytes) {
    if (constant_count == 0)
        own_module(note_constants);
    for (size_t i = 0; i < constant_count; i++)
        if (address >= constants[i].low && address + bytes <= constants[i].high)
            return true;
    return false;
}

/* ---- Where an address is ---- */

static const char *const verbs[] = {"load", "store", "atomic operation"};

/* Where hardware would read the kernel's arguments and its constants, or threadIdx. */
static bool is_readable(uintptr_t address, size_t bytes) {
    const uintptr_t closure = (uintptr_t)now.launch->closure;
    return (address >= closure && address + bytes <= closure + now.launch->closure_bytes) ||
           is_constant(address, bytes);
}

static _Noreturn void refuse(enum emulator_finding kind, size_t bytes, enum access access,
                             const char *where, uintptr_t address, const void *caller) {
    report(kind, caller, "%s of %zu bytes at %#zx, %s", verbs[access], bytes, (size_t)address,
           where);
    give_up();
}

static struct region *locate_slowly(uintptr_t address, size_t bytes, enum access access,
                                    const void *caller) {
    char where[128];
    if (address - now.stack_low < STACK_BYTES)
        return NULL;
    if (address - (shared_low - SHARED_SPAN) < 2 * (uintptr_t)SHARED_SPAN) {
        const size_t offset = address - shared_low;
        if (offset < shared_region.bytes && bytes <= shared_region.bytes - offset)
            return &shared_region;
        snprintf(where, sizeof where, "byte %td of %zu bytes of shared memory",
                 (ptrdiff_t)(address - shared_low), shared_region.bytes);
        refuse(EMULATOR_OUT_OF_BOUNDS, bytes, access, where, address, caller);
    }
    struct region *region = memory_find(address);
    if (region != NULL) {
        if (bytes <= region->bytes - (address - region->low))
            return region;
        snprintf(where, sizeof where, "which goes past the end of device memory of %zu bytes",
                 region->bytes);
        refuse(EMULATOR_OUT_OF_BOUNDS, bytes, access, where, address, caller);
    }
    if (access == ACCESS_READ && is_readable(address, bytes))
        return NULL;
    const enum emulator_finding kind = memory_describe(address, where, sizeof where);
    refuse(kind, bytes, access, where, address, caller);
}

struct region *memory_locate(uintptr_t address, size_t bytes, enum access access,
                             const void *caller) {
    if (address - shared_low < shared_region.bytes &&
        bytes <= shared_region.bytes - (address - shared_low))
        return &shared_region;
    const uintptr_t place = (uintptr_t)caller;
    struct region **guess = &remembered[(place ^ place >> 8) % REMEMBERED_REGIONS];
    if (EMULATOR_LIKELY(*guess != NULL && address - (*guess)->low < (*guess)->bytes &&
                        bytes <= (*guess)->bytes - (address - (*guess)->low)))
        return *guess;
    struct region *region = locate_slowly(address, bytes, access, caller);
    if (region != NULL && region != &shared_region)
        *guess = region;
    return region;
}

/* ---- Accesses ---- */

static void count(const struct region *region, size_t bytes, enum access access) {
    if (region->is_shared)
        return;
    struct emulator_counters *counters = &now.counters;
    if (access != ACCESS_WRITE) {
        counters->global_loads++;
        counters->global_load_bytes += bytes;
    }
    if (access != ACCESS_READ) {
        counters->global_stores++;
        counters->global_store_bytes += bytes;
    }
}

void memory_access(uintptr_t address, size_t bytes, enum access access, bool aligned,
                   const void *caller) {
    if (address - now.stack_low < STACK_BYTES) {
        if (EMULATOR_UNLIKELY(now.thread->registers_watched))
            warpgroups_note_registers(address, bytes, access, caller);
        return;
    }
    struct region *region = memory_locate(address, bytes, access, caller);
    if (region == NULL)
        return;
    if (EMULATOR_UNLIKELY(aligned && address % bytes != 0)) {
        report(EMULATOR_MISALIGNED, caller, "%s of %zu bytes at byte %zu of %s memory",
               verbs[access], bytes, (size_t)(address - region->low),
               region->is_shared ? "shared" : "device");
        give_up();
    }
    count(region, bytes, access);
    if (EMULATOR_UNLIKELY(now.thread->is_early && !region->is_shared))
        dependence_check(region, address - region->low, bytes, access, caller);
    if (!now.settings.skip_traffic)
        traffic_note(region->is_shared, address, bytes, access, caller);
    shadow_access(region, address - region->low, bytes, access, caller);
}

void memory_access_range(uintptr_t address, size_t bytes, enum access access,
                         const void *caller) {
    if (bytes == 0)
        return;
    if (address - now.stack_low < STACK_BYTES) {
        memory_access(address, bytes, access, false, caller);
        return;
    }
    /* All of it or nothing: a structure that is half outside is outside. */
    if (memory_locate(address, bytes, access, caller) == NULL)
        return;
    for (size_t at = 0; at < bytes; at += MOST_BYTES) {
        const size_t piece = bytes - at < MOST_BYTES ? bytes - at : MOST_BYTES;
        memory_access(address + at, piece, access, false, caller);
    }
}
