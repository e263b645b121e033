/* Vector clocks, and who has read what. */
#include "order.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct knowledge known[MOST_THREADS];

enum { COPIERS = MOST_WRITERS - MOST_THREADS };

static unsigned place_of(unsigned writer) {
    return is_asynchronous(writer) ? writer - MOST_THREADS : COPIERS + writer;
}

static unsigned places(void) {
    return COPIERS + now.threads;
}

/* ---- Knowledge ---- */

static void learn(struct knowledge *to, const struct knowledge *from) {
    const unsigned count = places();
    for (unsigned i = 0; i < count; i++)
        to->before[i] = to->before[i] < from->before[i] ? from->before[i] : to->before[i];
}

void order_forget(struct knowledge *knowledge) {
    memset(knowledge->before, 0, places() * sizeof knowledge->before[0]);
}

void order_begin(void) {
    if (now.ordering)
        return;
    now.ordering = true;
    now.ordering_since = ++now.clock;
    for (unsigned i = 0; i < now.threads; i++)
        order_forget(&known[i]);
    warps_tell_barriers();
}

bool order_knows(unsigned thread, unsigned writer, moment when) {
    return known[thread].before[place_of(writer)] > when;
}

bool order_group_knows(unsigned first_thread, unsigned writer, moment when) {
    for (unsigned i = 0; i < 4 * WARP; i++)
        if (writer != first_thread + i && !order_knows(first_thread + i, writer, when))
            return false;
    return true;
}

void order_release(unsigned thread, struct knowledge *to) {
    order_tell_thread(thread, thread, ++now.clock);
    learn(to, &known[thread]);
}

void order_acquire(unsigned thread, const struct knowledge *from) {
    learn(&known[thread], from);
}

void order_tell(struct knowledge *knowledge, unsigned writer, moment before) {
    knowledge->before[place_of(writer)] = before;
}

void order_tell_thread(unsigned thread, unsigned writer, moment before) {
    order_tell(&known[thread], writer, before);
}

void order_meet(bool (*includes)(unsigned thread)) {
    static struct knowledge together;
    order_forget(&together);
    now.clock++;
    for (unsigned i = 0; i < now.threads; i++)
        if (includes(i)) {
            order_tell_thread(i, i, now.clock);
            learn(&together, &known[i]);
        }
    for (unsigned i = 0; i < now.threads; i++)
        if (includes(i))
            memcpy(known[i].before, together.before, places() * sizeof together.before[0]);
}

void order_meet_lanes(unsigned warp, uint32_t lanes, moment when) {
    static struct knowledge together;
    order_forget(&together);
    struct knowledge *const first = &known[warp * WARP];
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
        const unsigned lane = (unsigned)__builtin_ctz(rest);
        order_tell(&first[lane], warp * WARP + lane, when);
        learn(&together, &first[lane]);
    }
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1)
        memcpy(first[__builtin_ctz(rest)].before, together.before,
               places() * sizeof together.before[0]);
}

/* ---- Reads ---- */

/* What lanes of a warp have read a cell: at one moment, as long as that says enough, or each at its
 * own. */
struct reads {
    moment latest;
    uint32_t lanes;
    uint32_t apart; /* 0, or 1 + the number of the entry of lane_reads */
};
static struct reads (*reads)[MOST_WARPS]; /* of every cell */

struct lane_reads {
    moment when[WARP];
};
static struct lane_reads *lane_reads;
static size_t lane_reads_count, lane_reads_capacity;

static struct reads *reads_of(size_t cell, unsigned warp) {
    if (reads == NULL) {
        const size_t bytes = (MOST_SHARED_BYTES / CELL_BYTES + 1) * sizeof *reads;
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        /* cppcheck-suppress invalidFunctionArg; there is no file */
        void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (memory == MAP_FAILED) {
            perror("emulator: reads of shared memory");
            abort();
        }
        reads = memory;
    }
    return &reads[cell][warp];
}

static uint32_t new_lane_reads(void) {
    if (lane_reads_count == lane_reads_capacity) {
        lane_reads_capacity = lane_reads_capacity == 0 ? 256 : 2 * lane_reads_capacity;
        lane_reads = realloc(lane_reads, lane_reads_capacity * sizeof *lane_reads);
        if (lane_reads == NULL) {
            perror("emulator: reads of shared memory");
            abort();
        }
    }
    memset(&lane_reads[lane_reads_count], 0, sizeof *lane_reads);
    return (uint32_t)++lane_reads_count;
}

static moment read_at(const struct reads *entry, unsigned lane) {
    return entry->apart == 0 ? entry->latest : lane_reads[entry->apart - 1].when[lane];
}

/* Whether thread now.number knows what the other lanes in the entry have read. */
static bool knows_entry(const struct reads *entry, unsigned warp) {
    for (uint32_t rest = entry->lanes; rest != 0; rest &= rest - 1) {
        const unsigned lane = (unsigned)__builtin_ctz(rest), thread = warp * WARP + lane;
        if (thread != now.number && !order_knows(now.number, thread, read_at(entry, lane)))
            return false;
    }
    return true;
}

void order_note_read(size_t cell) {
    struct reads *entry = reads_of(cell, now.warp);
    const unsigned lane = now.number % WARP;
    if (entry->latest < now.barrier) {
        *entry = (struct reads){now.clock, now.lane_bit, 0};
        return;
    }
    if (entry->apart == 0 && entry->latest != now.clock && (entry->lanes & ~now.lane_bit) != 0) {
        if (knows_entry(entry, now.warp)) { /* who comes after this read comes after those */
            *entry = (struct reads){now.clock, now.lane_bit, 0};
            return;
        }
        const uint32_t apart = new_lane_reads();
        for (uint32_t rest = entry->lanes; rest != 0; rest &= rest - 1)
            lane_reads[apart - 1].when[__builtin_ctz(rest)] = entry->latest;
        entry->apart = apart;
    }
    if (entry->apart != 0)
        lane_reads[entry->apart - 1].when[lane] = now.clock;
    entry->lanes |= now.lane_bit;
    entry->latest = now.clock;
}

void order_note_warp_read(size_t cell) {
    *reads_of(cell, now.warp) = (struct reads){now.clock, ~UINT32_C(0), 0};
}

bool order_knows_reads(size_t cell) {
    for (unsigned warp = 0; warp * WARP < now.threads; warp++) {
        const struct reads *entry = reads_of(cell, warp);
        if (entry->latest >= now.barrier && !knows_entry(entry, warp))
            return false;
    }
    return true;
}

void order_begin_block(void) {
    now.ordering = false;
    lane_reads_count = 0;
}

void order_forget_moments(void) {
    if (reads != NULL)
        (void)madvise(reads, (MOST_SHARED_BYTES / CELL_BYTES + 1) * sizeof *reads, MADV_DONTNEED);
}
