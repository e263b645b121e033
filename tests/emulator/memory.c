/* Which memory there is: allocations of the device, shared memory, and what the host has. */
#include "memory.h"

#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Allocations in the order of their addresses. */
static struct region *regions;
static size_t region_count, region_capacity;

/* Some that were given back, for reports. */
enum { REMEMBERED = 64 };
static struct {
    uintptr_t low;
    size_t bytes;
} removed[REMEMBERED];
static size_t removed_count;

struct region shared_region;
uintptr_t shared_low;

/* ---- Allocations ---- */

/* How many begin at or before an address. */
static size_t regions_up_to(uintptr_t address) {
    size_t low = 0, high = region_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (regions[middle].low <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct region *memory_find(uintptr_t address) {
    const size_t before = regions_up_to(address);
    if (before == 0)
        return NULL;
    struct region *region = &regions[before - 1];
    return address - region->low < region->bytes ? region : NULL;
}

static void *check_pointer(void *memory) {
    if (memory == NULL) {
        perror("emulator");
        abort();
    }
    return memory;
}

void emulator_memory_add(void *address, size_t bytes) {
    if (region_count == region_capacity) {
        region_capacity = region_capacity == 0 ? 64 : 2 * region_capacity;
        regions = check_pointer(realloc(regions, region_capacity * sizeof(struct region)));
    }
    const uintptr_t low = (uintptr_t)address;
    struct region *region = &regions[regions_up_to(low)];
    const size_t behind = region_count++ - (size_t)(region - regions);
    memmove(region + 1, region, behind * sizeof(struct region));
    shadow_make(region, address, bytes);
    access_forget_regions();
    for (size_t i = 0; i < REMEMBERED; i++)
        if (removed[i].low - low < bytes)
            removed[i].bytes = 0;
}

void emulator_memory_remove(void *address) {
    const size_t before = regions_up_to((uintptr_t)address);
    struct region *region = before == 0 ? NULL : &regions[before - 1];
    if (region == NULL || region->low != (uintptr_t)address)
        return;
    removed[removed_count % REMEMBERED].low = region->low;
    removed[removed_count++ % REMEMBERED].bytes = region->bytes;
    shadow_free(region);
    memmove(region, region + 1, (region_count-- - before) * sizeof(struct region));
    access_forget_regions();
}

void emulator_memory_written(const void *address, size_t bytes) {
    struct region *region = memory_find((uintptr_t)address);
    if (region == NULL)
        return;
    const size_t offset = (uintptr_t)address - region->low;
    const size_t most = region->bytes - offset;
    shadow_set_range(region->written, offset, bytes < most ? bytes : most, true);
}

bool emulator_memory_is_written(const void *address, size_t bytes) {
    const struct region *region = memory_find((uintptr_t)address);
    if (region == NULL)
        return false;
    const size_t offset = (uintptr_t)address - region->low;
    return bytes <= region->bytes - offset && shadow_all_set(region->written, offset, bytes);
}

void memory_forget_moments(void) {
    for (size_t i = 0; i < region_count; i++)
        shadow_forget(&regions[i]);
    if (shared_low != 0)
        shadow_forget(&shared_region);
}

/* ---- Shared memory ---- */

static unsigned char *shared_memory;

static void make_shared_memory(void) {
    /* Only the middle can be used, and what is around it not even by mistake. */
    const size_t bytes = (size_t)2 * SHARED_SPAN;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    /* cppcheck-suppress invalidFunctionArg; there is no file */
    unsigned char *memory = mmap(NULL, bytes, PROT_NONE, flags, -1, 0);
    if (memory == MAP_FAILED ||
        mprotect(memory + SHARED_SPAN, MOST_SHARED_BYTES, PROT_READ | PROT_WRITE) != 0) {
        perror("emulator: shared memory");
        abort();
    }
    shared_memory = memory + SHARED_SPAN;
    shared_low = (uintptr_t)shared_memory;
    shadow_make(&shared_region, shared_memory, MOST_SHARED_BYTES);
    shared_region.is_shared = true;
    shared_region.in_flight = check_pointer(calloc(1, MOST_SHARED_BYTES / 8 + 8));
}

void memory_begin_block(size_t shared_bytes) {
    if (shared_memory == NULL)
        make_shared_memory();
    shared_region.bytes = shared_bytes;
    memset(shared_memory, 0xFF, shared_bytes); /* NaN, of every type */
    memset(shared_region.written, 0, shared_bytes / 8 + 1);
    memset(shared_region.in_flight, 0, shared_bytes / 8 + 1);
    now.in_flight = 0;
}

void *emulator_shared_memory(void) {
    return shared_memory;
}

/* ---- Everything else ---- */

static bool host_can_read(uintptr_t address) {
    static int pipe_ends[2] = {-1, -1};
    if (pipe_ends[0] < 0 && pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    const void *from; /* by way of memory: no compiler is to know where it comes from */
    memcpy(&from, &address, sizeof from);
    char byte;
    const bool readable = write(pipe_ends[1], from, 1) == 1;
    if (readable && read(pipe_ends[0], &byte, 1) != 1)
        return false;
    return readable;
}

enum emulator_finding memory_describe(uintptr_t address, char *text, size_t capacity) {
    for (size_t i = 0; i < REMEMBERED; i++)
        if (address - removed[i].low < removed[i].bytes) {
            snprintf(text, capacity, "byte %zu of device memory that was given back",
                     (size_t)(address - removed[i].low));
            return EMULATOR_OUT_OF_BOUNDS;
        }
    if (fiber_owns(address)) {
        snprintf(text, capacity, "in the local memory of another thread");
        return EMULATOR_OUT_OF_BOUNDS;
    }
    /* Close to an allocation, it is meant for that one, whatever else is there. */
    enum { CLOSE = 4096 };
    const size_t before = regions_up_to(address);
    const struct region *low = before > 0 ? &regions[before - 1] : NULL;
    const struct region *high = before < region_count ? &regions[before] : NULL;
    const size_t past = low == NULL ? SIZE_MAX : address - (low->low + low->bytes);
    const size_t ahead = high == NULL ? SIZE_MAX : high->low - address;
    const bool is_close = past <= CLOSE || ahead <= CLOSE;
    if (!is_close && host_can_read(address)) {
        snprintf(text, capacity, "memory of the host");
        return EMULATOR_HOST_POINTER;
    }
    if (low == NULL && high == NULL)
        snprintf(text, capacity, "there is no device memory");
    else if (past <= ahead)
        snprintf(text, capacity, "%zu bytes past the end of device memory of %zu bytes", past,
                 low->bytes);
    else
        snprintf(text, capacity, "%zu bytes ahead of device memory of %zu bytes", ahead,
                 high->bytes);
    return EMULATOR_OUT_OF_BOUNDS;
}
