/* The rules: which accesses to one place are in conflict. */
#include "shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "mbarriers.h"
#include "order.h"
#include "warpgroups.h"

enum { MAP_PADDING = 8 }; /* shadow_bits reads four bytes at a time */

static void *map_zeros(size_t bytes) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    /* cppcheck-suppress invalidFunctionArg; there is no file */
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
        perror("emulator: shadow memory");
        abort();
    }
    return memory;
}

static size_t cells_bytes(const struct region *region) {
    return (region->bytes / CELL_BYTES + 1) * sizeof(struct cell);
}

void shadow_make(struct region *region, void *memory, size_t bytes) {
    memset(region, 0, sizeof *region);
    region->low = (uintptr_t)memory;
    region->bytes = bytes;
    region->cells = map_zeros(cells_bytes(region));
    region->written = map_zeros(bytes / 8 + MAP_PADDING);
}

void shadow_free(struct region *region) {
    munmap(region->cells, cells_bytes(region));
    munmap(region->written, region->bytes / 8 + MAP_PADDING);
}

void shadow_forget(struct region *region) {
    (void)madvise(region->cells, cells_bytes(region), MADV_DONTNEED);
}

void shadow_set_range(uint8_t *map, size_t offset, size_t bytes, bool value) {
    while (bytes > 0 && (offset % 8 != 0 || bytes < 8)) {
        shadow_set_bits(map, offset++, 1, value);
        bytes--;
    }
    memset(map + offset / 8, value ? 0xFF : 0, bytes / 8);
    if (bytes % 8 != 0)
        shadow_set_bits(map, offset + bytes / 8 * 8, bytes % 8, value);
}

bool shadow_all_set(const uint8_t *map, size_t offset, size_t bytes) {
    for (size_t i = 0; i < bytes; i += MOST_BYTES) {
        const size_t piece = bytes - i < MOST_BYTES ? bytes - i : MOST_BYTES;
        if (shadow_bits(map, offset + i, piece) != (UINT32_C(1) << piece) - 1)
            return false;
    }
    return true;
}

/* ---- One cell ---- */

enum conflict { NO_CONFLICT, CONFLICT_RACE, CONFLICT_TWICE, CONFLICT_IN_FLIGHT };

/* The last write, of this block and not before its last barrier, comes before what this thread
 * does now. */
static bool write_is_ordered(const struct cell *cell) {
    return cell->writer == now.number ||
           (cell->writer / WARP == now.warp &&
            warps_ordered(now.warp, cell->writer % WARP, cell->written, now.number % WARP)) ||
           (now.ordering && order_knows(now.number, cell->writer, cell->written));
}

static bool reads_are_ordered(const struct cell *cell, bool is_shared) {
    if (now.ordering && is_shared && cell->read >= now.ordering_since)
        return order_knows_reads((size_t)(cell - shared_region.cells));
    if (cell->flags & CELL_MANY_WARPS)
        return false;
    if (cell->reader_warp != now.warp)
        return false;
    for (uint32_t others = cell->readers & ~now.lane_bit; others != 0; others &= others - 1)
        if (!warps_ordered(now.warp, (unsigned)__builtin_ctz(others), cell->read,
                           now.number % WARP))
            return false;
    return true;
}

static enum conflict with_write(const struct cell *cell, bool is_shared, enum access access) {
    if (cell->written < now.launch_start)
        return NO_CONFLICT;
    const bool is_atomic = access == ACCESS_ATOMIC, was_atomic = cell->flags & CELL_ATOMIC;
    const bool both_plain = access == ACCESS_WRITE && !was_atomic;
    if (cell->written < now.block_start) {
        if (is_shared || (is_atomic && was_atomic && !(cell->flags & CELL_PLAIN)))
            return NO_CONFLICT;
        return both_plain ? CONFLICT_TWICE : CONFLICT_RACE;
    }
    if (!is_shared && both_plain && cell->writer != now.number)
        return CONFLICT_TWICE;
    if ((is_atomic && was_atomic) || cell->written < now.barrier || write_is_ordered(cell))
        return NO_CONFLICT;
    return is_asynchronous(cell->writer) ? CONFLICT_IN_FLIGHT : CONFLICT_RACE;
}

static enum conflict with_reads(const struct cell *cell, bool is_shared) {
    if (cell->read < now.launch_start)
        return NO_CONFLICT;
    if (!is_shared && (cell->read < now.block_start || (cell->flags & CELL_EARLIER_BLOCKS)))
        return CONFLICT_RACE;
    if (cell->read < now.barrier || reads_are_ordered(cell, is_shared))
        return NO_CONFLICT;
    return CONFLICT_RACE;
}

static void note_read(struct cell *cell, unsigned half) {
    const uint8_t halves = (uint8_t)(half * CELL_READ_LOW);
    if (cell->read < now.barrier) {
        unsigned flags =
            cell->flags & (CELL_WRITE_LOW | CELL_WRITE_HIGH | CELL_ATOMIC | CELL_PLAIN);
        if (cell->read >= now.launch_start &&
            (cell->read < now.block_start || (cell->flags & CELL_EARLIER_BLOCKS)))
            flags |= CELL_EARLIER_BLOCKS | (cell->flags & (CELL_READ_LOW | CELL_READ_HIGH));
        cell->flags = (uint8_t)(flags | halves);
        cell->readers = now.lane_bit;
        cell->reader_warp = (uint8_t)now.warp;
    } else {
        if (cell->reader_warp != now.warp)
            cell->flags |= CELL_MANY_WARPS;
        cell->readers |= now.lane_bit;
        cell->flags |= halves;
    }
    cell->read = now.clock;
}

static void note_write(struct cell *cell, unsigned half, enum access access, unsigned writer) {
    const bool was_atomic = cell->flags & CELL_ATOMIC, was_plain = cell->flags & CELL_PLAIN;
    unsigned flags = cell->flags & ~(unsigned)(CELL_ATOMIC | CELL_PLAIN);
    if (access == ACCESS_ATOMIC) {
        /* After a plain write, other blocks may not even be atomic; and other threads not before
         * the next barrier. */
        if (cell->written >= now.launch_start && (!was_atomic || was_plain))
            flags |= CELL_PLAIN;
        if (cell->written < now.barrier || was_atomic)
            flags |= CELL_ATOMIC;
    }
    if (cell->written != now.clock || cell->writer != writer)
        flags &= ~(unsigned)(CELL_WRITE_LOW | CELL_WRITE_HIGH);
    flags |= half * CELL_WRITE_LOW;
    cell->flags = (uint8_t)flags;
    cell->written = now.clock;
    cell->writer = (uint16_t)writer;
}

/* ---- An access ---- */

static const char *const access_names[] = {"load", "store", "atomic operation"};

static const char *memory_name(const struct region *region) {
    return region->is_shared ? "shared memory" : "device memory";
}

/* What the accesses of other blocks were: (2,0,0) cannot be told from the cell, only that it was
 * another one. */
static void report_conflict(const struct region *region, size_t offset, const struct cell *cell,
                            enum conflict conflict, bool other_wrote, enum access access,
                            const void *caller) {
    const moment when = other_wrote ? cell->written : cell->read;
    char other[64];
    const bool by_earlier_blocks = !other_wrote && (cell->flags & CELL_EARLIER_BLOCKS);
    if (when < now.block_start || (!region->is_shared && by_earlier_blocks))
        snprintf(other, sizeof other, "another block");
    else if (other_wrote && is_asynchronous(cell->writer))
        snprintf(other, sizeof other, "an asynchronous copy");
    else if (other_wrote)
        snprintf(other, sizeof other, "thread %u of the block", cell->writer);
    else if (cell->flags & CELL_MANY_WARPS)
        snprintf(other, sizeof other, "threads of several warps");
    else
        snprintf(other, sizeof other, "a thread of warp %u", cell->reader_warp);
    static const enum emulator_finding kinds[] = {[CONFLICT_RACE] = EMULATOR_RACE,
                                                  [CONFLICT_TWICE] = EMULATOR_WRITTEN_TWICE,
                                                  [CONFLICT_IN_FLIGHT] = EMULATOR_IN_FLIGHT};
    report(kinds[conflict], caller, "%s to byte %zu of %s, which %s has %s%s",
           access_names[access], offset, memory_name(region), other,
           other_wrote ? "written" : "read",
           conflict == CONFLICT_IN_FLIGHT ? ", and the thread has not waited for it" : "");
}

/* The cells of an access that the short way does not cover. */
static void check_cells(struct region *region, size_t offset, size_t bytes, enum access access,
                        const void *caller) {
    bool reported = false;
    for (size_t at = offset; at < offset + bytes;) {
        struct cell *cell = &region->cells[at / CELL_BYTES];
        const size_t next = (at / CELL_BYTES + 1) * CELL_BYTES;
        const unsigned half = (at % 2 == 0 ? 1 : 0) | (next <= offset + bytes ? 2 : 0);
        enum conflict conflict = NO_CONFLICT;
        bool other_wrote = true;
        if (cell->flags & half * CELL_WRITE_LOW)
            conflict = with_write(cell, region->is_shared, access);
        if (conflict == NO_CONFLICT && access != ACCESS_READ &&
            (cell->flags & half * CELL_READ_LOW)) {
            conflict = with_reads(cell, region->is_shared);
            other_wrote = false;
        }
        if (conflict != NO_CONFLICT && !reported) {
            report_conflict(region, at, cell, conflict, other_wrote, access, caller);
            reported = true;
        }
        if (access != ACCESS_READ)
            note_write(cell, half, access, now.number);
        else
            note_read(cell, half);
        if (access == ACCESS_READ && now.ordering && region->is_shared)
            order_note_read(at / CELL_BYTES);
        at = next;
    }
}

/* The short ways: whole cells that nobody has written, or read, since the last moment that orders
 * everything. How many bytes of the access they could do. */

static moment last_order(const struct region *region) {
    return region->is_shared ? now.barrier : now.launch_start;
}

static size_t read_cells(const struct region *region, size_t offset, size_t bytes) {
    const moment clock = now.clock, barrier = now.barrier, safe = last_order(region);
    const uint32_t lane_bit = now.lane_bit;
    const unsigned warp = now.warp;
    size_t done = 0;
    for (; done < bytes; done += CELL_BYTES) {
        struct cell *cell = &region->cells[(offset + done) / CELL_BYTES];
        if (EMULATOR_UNLIKELY(cell->written >= safe))
            break;
        if (cell->read >= barrier && cell->reader_warp == warp) {
            cell->readers |= lane_bit;
            cell->flags |= CELL_READ_LOW | CELL_READ_HIGH;
            cell->read = clock;
        } else {
            note_read(cell, 3);
        }
    }
    return done;
}

static size_t write_cells(const struct region *region, size_t offset, size_t bytes) {
    const moment clock = now.clock, safe = last_order(region);
    const uint16_t number = (uint16_t)now.number;
    size_t done = 0;
    for (; done < bytes; done += CELL_BYTES) {
        struct cell *cell = &region->cells[(offset + done) / CELL_BYTES];
        if (EMULATOR_UNLIKELY(cell->written >= safe || cell->read >= safe))
            break;
        *cell = (struct cell){.written = clock,
                              .read = cell->read,
                              .writer = number,
                              .flags = CELL_WRITE_LOW | CELL_WRITE_HIGH};
    }
    return done;
}

/* What an access to shared memory comes upon that is asynchronous. */
static void check_in_flight(size_t offset, size_t bytes, enum access access, const void *caller) {
    if (shadow_bits(shared_region.in_flight, offset, bytes) != 0) {
        if (mbarriers_include(offset, bytes))
            report(EMULATOR_MISUSED, caller,
                   "%s of %zu bytes at byte %zu of shared memory, in an mbarrier",
                   access_names[access], bytes, offset);
        else
            report(EMULATOR_IN_FLIGHT, caller,
                   "%s of %zu bytes at byte %zu of shared memory, where an asynchronous copy has "
                   "not arrived",
                   access_names[access], bytes, offset);
    }
    if (access != ACCESS_READ && warpgroups_read(offset, bytes))
        report(EMULATOR_RACE, caller,
               "%s of %zu bytes at byte %zu of shared memory, which a wgmma that is not complete "
               "reads",
               access_names[access], bytes, offset);
}

void shadow_access(struct region *region, size_t offset, size_t bytes, enum access access,
                   const void *caller) {
    if (EMULATOR_UNLIKELY(now.in_flight > 0 && region->is_shared))
        check_in_flight(offset, bytes, access, caller);
    if (access == ACCESS_WRITE) {
        shadow_set_bits(region->written, offset, bytes, true);
    } else if (EMULATOR_UNLIKELY(shadow_bits(region->written, offset, bytes) !=
                                 (UINT32_C(1) << bytes) - 1)) {
        report(EMULATOR_NOT_WRITTEN, caller,
               "%s of %zu bytes at byte %zu of %s, where nothing has been written",
               access_names[access], bytes, offset, memory_name(region));
    }

    size_t done = 0;
    if (EMULATOR_LIKELY(access != ACCESS_ATOMIC && (offset | bytes) % CELL_BYTES == 0 &&
                        !(now.ordering && region->is_shared)))
        done = access == ACCESS_READ ? read_cells(region, offset, bytes)
                                     : write_cells(region, offset, bytes);
    if (EMULATOR_UNLIKELY(done < bytes))
        check_cells(region, offset + done, bytes - done, access, caller);
}

void shadow_note_write(struct region *region, size_t offset, size_t bytes, unsigned writer) {
    for (size_t at = offset; at < offset + bytes; at += CELL_BYTES)
        note_write(&region->cells[at / CELL_BYTES], 3, ACCESS_WRITE, writer);
}

void shadow_note_warp_read(size_t offset, size_t bytes) {
    for (size_t at = offset; at < offset + bytes; at += CELL_BYTES) {
        note_read(&shared_region.cells[at / CELL_BYTES], 3);
        order_note_warp_read(at / CELL_BYTES);
    }
}

void shadow_check_group_read(unsigned first_thread, size_t offset, size_t bytes,
                             const void *caller) {
    const struct region *region = &shared_region;
    for (size_t at = offset; at < offset + bytes; at += MOST_BYTES) {
        if (shadow_bits(region->in_flight, at, MOST_BYTES) != 0) {
            report(
                EMULATOR_IN_FLIGHT, caller,
                "wgmma of byte %zu of shared memory, where an asynchronous copy has not arrived",
                at);
            return;
        }
        if (shadow_bits(region->written, at, MOST_BYTES) != (UINT32_C(1) << MOST_BYTES) - 1) {
            report(EMULATOR_NOT_WRITTEN, caller,
                   "wgmma of byte %zu of shared memory, where nothing has been written", at);
            return;
        }
    }
    unsigned writer = 0;
    moment written = 0; /* what was found in order last */
    for (size_t at = offset; at < offset + bytes; at += CELL_BYTES) {
        const struct cell *cell = &region->cells[at / CELL_BYTES];
        if (cell->writer == writer && cell->written == written)
            continue;
        writer = cell->writer;
        written = cell->written;
        if (writer < WRITER_BULK || writer >= WRITER_COPIES) {
            report(
                EMULATOR_RACE, caller,
                "wgmma of byte %zu of shared memory, which no bulk copy has written, and there "
                "is no proxy fence",
                at);
            return;
        }
        if (written >= now.barrier && !order_group_knows(first_thread, writer, written)) {
            report(EMULATOR_IN_FLIGHT, caller,
                   "wgmma of byte %zu of shared memory, by threads that have not waited for the "
                   "copy that wrote it",
                   at);
            return;
        }
    }
}
