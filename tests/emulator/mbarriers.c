/* A phase of an mbarrier is complete when all arrivals have come and all bytes that were expected.
 * What arrives by itself, bulk copies and arrivals of cp.async, does so at once, or as late as it
 * can: when no thread can go on without it. Either way it is delivered, to one thread, when that
 * one's wait for the phase returns; until then the bytes are in flight. */
#include "mbarriers.h"

#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "order.h"
#include "traffic.h"

/* Of the document: the most arrivals of a phase, and bytes that are expected. */
enum { MOST_ARRIVALS = (1 << 20) - 1, MOST_EXPECTED = (1 << 20) - 1 };

/* Bytes of shared memory that have landed and not been delivered. */
struct landed {
    size_t offset, bytes;
    unsigned phase, writer;
};

struct mbarrier {
    size_t offset;
    unsigned arrivals; /* of a phase */
    unsigned missing;  /* of this phase */
    int64_t expected;  /* bytes; negative: they came before somebody expected them */
    unsigned phase;    /* how many are complete */
    unsigned copies;   /* that it counts and that have not landed */
    unsigned initialiser;
    moment initialised;
    bool fenced;
    struct knowledge told, complete; /* by this phase's arrivals; by those of the last one */
    struct landed *landed;
    size_t landed_count, landed_capacity;
};
static struct mbarrier mbarriers[MOST_BARRIERS];
static unsigned mbarrier_count;

/* What is under way: a bulk copy, or where `to` is NULL the arrival of a thread's copies. */
struct arrival {
    unsigned mbarrier;
    void *to;
    const void *from;
    size_t bytes;
    unsigned thread, number;
};
static struct arrival *under_way;
static size_t under_way_count, under_way_capacity;
static unsigned arrivals_so_far;

void mbarriers_begin_block(void) {
    for (unsigned i = 0; i < mbarrier_count; i++)
        mbarriers[i].landed_count = 0;
    mbarrier_count = 0;
    under_way_count = 0;
    arrivals_so_far = 0;
}

static void *grown(void *memory, size_t *capacity, size_t size) {
    *capacity = *capacity == 0 ? 32 : 2 * *capacity;
    void *larger = realloc(memory, *capacity * size);
    if (larger == NULL) {
        perror("emulator: mbarriers");
        abort();
    }
    return larger;
}

/* ---- Which one ---- */

static unsigned number_of(const struct mbarrier *mbarrier) {
    return (unsigned)(mbarrier - mbarriers);
}

bool mbarriers_include(size_t offset, size_t bytes) {
    for (unsigned i = 0; i < mbarrier_count; i++)
        if (offset < mbarriers[i].offset + sizeof(uint64_t) &&
            mbarriers[i].offset < offset + bytes)
            return true;
    return false;
}

static size_t offset_of(const uint64_t *barrier, const char *what, const void *caller) {
    const size_t offset = (uintptr_t)barrier - shared_low;
    if (offset >= shared_region.bytes || shared_region.bytes - offset < sizeof *barrier) {
        report(EMULATOR_OUT_OF_BOUNDS, caller,
               "%s of an mbarrier at byte %td of %zu bytes of shared memory", what,
               (ptrdiff_t)offset, shared_region.bytes);
        give_up();
    }
    if (offset % sizeof *barrier != 0) {
        report(EMULATOR_MISALIGNED, caller, "%s of an mbarrier at byte %zu of shared memory",
               what, offset);
        give_up();
    }
    return offset;
}

static struct mbarrier *find_or_give_up(size_t offset, const char *what, const void *caller) {
    for (unsigned i = 0; i < mbarrier_count; i++)
        if (mbarriers[i].offset == offset)
            return &mbarriers[i];
    report(EMULATOR_MISUSED, caller,
           "%s of an mbarrier at byte %zu of shared memory that is not initialised", what,
           offset);
    give_up();
}

/* The mbarrier for somebody who uses it: initialised, and that is known to the thread. */
static struct mbarrier *use(const uint64_t *barrier, const char *what, const void *caller) {
    const size_t offset = offset_of(barrier, what, caller);
    struct mbarrier *mbarrier = find_or_give_up(offset, what, caller);
    if (mbarrier->initialiser != now.number && mbarrier->initialised >= now.barrier &&
        !order_knows(now.number, mbarrier->initialiser, mbarrier->initialised))
        report(EMULATOR_RACE, caller,
               "%s of an mbarrier at byte %zu of shared memory, which thread %u has initialised "
               "with no barrier in between",
               what, offset, mbarrier->initialiser);
    return mbarrier;
}

void emulator_mbarrier_init(uint64_t *barrier, unsigned arrivals) {
    const void *caller = EMULATOR_CALLER;
    const size_t offset = offset_of(barrier, "init", caller);
    order_begin();
    const bool is_one = mbarriers_include(offset, sizeof *barrier);
    if (is_one || mbarrier_count == MOST_BARRIERS) {
        report(EMULATOR_MISUSED, caller, "init of an mbarrier at byte %zu of shared memory%s",
               offset, is_one ? " that is one already" : ": one too many for the emulator");
        give_up();
    }
    if (arrivals == 0 || arrivals > MOST_ARRIVALS) {
        report(EMULATOR_MISUSED, caller, "init of an mbarrier for %u arrivals", arrivals);
        give_up();
    }
    memory_access((uintptr_t)barrier, sizeof *barrier, ACCESS_WRITE, true, caller);
    shadow_set_bits(shared_region.in_flight, offset, sizeof *barrier, true);
    now.in_flight++;
    struct mbarrier *mbarrier = &mbarriers[mbarrier_count++];
    mbarrier->offset = offset;
    mbarrier->arrivals = mbarrier->missing = arrivals;
    mbarrier->expected = 0;
    mbarrier->phase = mbarrier->copies = 0;
    mbarrier->initialiser = now.number;
    mbarrier->initialised = now.clock;
    mbarrier->fenced = false;
    order_forget(&mbarrier->told);
    order_forget(&mbarrier->complete);
}

void emulator_mbarrier_init_fence(void) {
    for (unsigned i = 0; i < mbarrier_count; i++)
        if (mbarriers[i].initialiser == now.number)
            mbarriers[i].fenced = true;
}

/* ---- Delivery ---- */

static void deliver_bytes(size_t offset, size_t bytes, unsigned writer) {
    for (size_t at = 0; at < bytes; at += MOST_BYTES)
        shadow_set_bits(shared_region.in_flight, offset + at,
                        bytes - at < MOST_BYTES ? bytes - at : MOST_BYTES, false);
    shadow_note_write(&shared_region, offset, bytes, writer);
    now.in_flight--;
}

/* The first wait for a phase has returned. */
static void deliver(struct mbarrier *mbarrier) {
    size_t kept = 0;
    now.clock++;
    for (size_t i = 0; i < mbarrier->landed_count; i++) {
        const struct landed *landed = &mbarrier->landed[i];
        if (landed->phase >= mbarrier->phase) {
            mbarrier->landed[kept++] = *landed;
            continue;
        }
        deliver_bytes(landed->offset, landed->bytes, landed->writer);
        order_tell(&mbarrier->complete, landed->writer, now.clock + 1);
    }
    mbarrier->landed_count = kept;
    now.clock++;
}

static bool delivers(const struct mbarrier *mbarrier) {
    return mbarrier->landed_count > 0 && mbarrier->landed[0].phase < mbarrier->phase;
}

/* A thread's wait returns. */
static void acquire(struct mbarrier *mbarrier, unsigned thread) {
    if (delivers(mbarrier))
        deliver(mbarrier);
    order_acquire(thread, &mbarrier->complete);
}

/* Takes a copy of cp.async from those that wait to be delivered. Whether it was there. */
static bool take_landed(struct mbarrier *mbarrier, size_t offset) {
    for (size_t i = 0; i < mbarrier->landed_count; i++) {
        struct landed *landed = &mbarrier->landed[i];
        if (landed->offset != offset || landed->writer < WRITER_COPIES)
            continue;
        memmove(landed, landed + 1, (--mbarrier->landed_count - i) * sizeof *landed);
        return true;
    }
    return false;
}

void mbarriers_deliver_to_thread(unsigned number, size_t offset, size_t bytes, bool landed) {
    struct mbarrier *mbarrier = &mbarriers[number];
    const unsigned writer = WRITER_COPIES + number;
    if (!landed)
        mbarrier->copies--;
    now.clock++;
    if (!landed || take_landed(mbarrier, offset))
        deliver_bytes(offset, bytes, writer);
    now.clock++;
    order_tell_thread(now.number, writer, now.clock);
    order_tell(&mbarrier->told, writer, now.clock);
    if (landed) /* maybe of the phase that is complete */
        order_tell(&mbarrier->complete, writer, now.clock);
}

/* ---- Phases ---- */

static void wake(struct mbarrier *mbarrier) {
    for (unsigned i = 0; i < now.threads; i++) {
        struct thread *thread = &threads[i];
        if (thread->state != THREAD_AT_MBARRIER || thread->waits_for != number_of(mbarrier) ||
            thread->parity == mbarrier->phase % 2)
            continue;
        acquire(mbarrier, i);
        thread->state = THREAD_READY;
    }
}

static void complete_if_all_came(struct mbarrier *mbarrier) {
    if (mbarrier->missing > 0 || mbarrier->expected != 0)
        return;
    mbarrier->phase++;
    mbarrier->missing = mbarrier->arrivals;
    mbarrier->complete = mbarrier->told;
    order_forget(&mbarrier->told);
    wake(mbarrier);
}

/* False where there are more than the phase has. */
static bool count_arrival(struct mbarrier *mbarrier, const void *caller) {
    if (mbarrier->missing == 0) {
        report(EMULATOR_MISUSED, caller,
               "more than %u arrivals in a phase of the mbarrier at byte %zu of shared memory, "
               "where %lld bytes are missing",
               mbarrier->arrivals, mbarrier->offset, (long long)mbarrier->expected);
        return false;
    }
    mbarrier->missing--;
    return true;
}

void emulator_mbarrier_arrive(uint64_t *barrier, unsigned bytes) {
    const void *caller = EMULATOR_CALLER;
    struct mbarrier *mbarrier = use(barrier, "arrival", caller);
    mbarrier->expected += bytes;
    if (mbarrier->expected > MOST_EXPECTED)
        report(EMULATOR_MISUSED, caller, "%lld bytes are expected of one phase of an mbarrier",
               (long long)mbarrier->expected);
    if (!count_arrival(mbarrier, caller))
        give_up();
    order_release(now.number, &mbarrier->told);
    complete_if_all_came(mbarrier);
}

void emulator_mbarrier_wait(int site, uint64_t *barrier, unsigned parity) {
    const void *caller = EMULATOR_CALLER;
    struct mbarrier *mbarrier = use(barrier, "wait", caller);
    struct thread *self = now.thread;
    if (parity > 1) {
        report(EMULATOR_MISUSED, caller, "wait for parity %u of an mbarrier", parity);
        give_up();
    }
    if (mbarrier->phase % 2 != parity) {
        acquire(mbarrier, self->number);
        return;
    }
    self->site = site;
    self->caller = caller;
    self->waits_for = number_of(mbarrier);
    self->parity = parity;
    self->state = THREAD_AT_MBARRIER;
    fiber_yield();
}

/* ---- What arrives by itself ---- */

static void land(struct mbarrier *mbarrier, size_t offset, size_t bytes, unsigned writer) {
    if (mbarrier->landed_count == mbarrier->landed_capacity)
        mbarrier->landed =
            grown(mbarrier->landed, &mbarrier->landed_capacity, sizeof *mbarrier->landed);
    mbarrier->landed[mbarrier->landed_count++] =
        (struct landed){offset, bytes, mbarrier->phase, writer};
    mbarrier->copies--;
}

void mbarriers_landed(unsigned mbarrier, size_t offset, size_t bytes) {
    land(&mbarriers[mbarrier], offset, bytes, WRITER_COPIES + mbarrier);
}

static void arrive(const struct arrival *arrival, const void *caller) {
    struct mbarrier *mbarrier = &mbarriers[arrival->mbarrier];
    if (arrival->to != NULL) {
        memcpy(arrival->to, arrival->from, arrival->bytes);
        land(mbarrier, (uintptr_t)arrival->to - shared_low, arrival->bytes,
             WRITER_BULK + arrival->mbarrier);
        mbarrier->expected -= (int64_t)arrival->bytes;
    } else {
        async_copies_land(arrival->thread, arrival->number);
        if (!count_arrival(mbarrier, caller))
            return;
    }
    complete_if_all_came(mbarrier);
}

static void begin(const struct arrival *arrival, const void *caller) {
    if (now.settings.early_copies) {
        arrive(arrival, caller);
        return;
    }
    if (under_way_count == under_way_capacity)
        under_way = grown(under_way, &under_way_capacity, sizeof *under_way);
    under_way[under_way_count++] = *arrival;
}

bool mbarriers_let_arrive(void) {
    if (under_way_count == 0)
        return false;
    const size_t which =
        now.settings.seed == 0 ? 0 : (size_t)(emulator_random_bits() % under_way_count);
    const struct arrival arrival = under_way[which];
    memmove(&under_way[which], &under_way[which + 1],
            (--under_way_count - which) * sizeof *under_way);
    arrive(&arrival, NULL);
    return true;
}

/* It tells of the copies, not of what else the thread has done. */
void emulator_async_arrive(uint64_t *barrier) {
    const void *caller = EMULATOR_CALLER;
    struct mbarrier *mbarrier = use(barrier, "arrival of copies", caller);
    const struct arrival arrival = {
        .mbarrier = number_of(mbarrier), .thread = now.number, .number = ++arrivals_so_far};
    mbarrier->copies += async_copies_join(arrival.number, arrival.mbarrier);
    begin(&arrival, caller);
}

static void check_bulk(uintptr_t to, uintptr_t from, size_t bytes, const void *caller) {
    if (to % 16 != 0 || from % 16 != 0 || bytes % 16 != 0) {
        report(EMULATOR_MISALIGNED, caller, "bulk copy of %zu bytes: %s at no multiple of 16",
               bytes,
               to % 16 != 0     ? "to shared memory"
               : from % 16 != 0 ? "from device memory"
                                : "size");
        give_up();
    }
    if (bytes == 0) {
        report(EMULATOR_MISUSED, caller, "bulk copy of 0 bytes");
        give_up();
    }
}

void emulator_bulk_copy(void *shared, const void *global, size_t bytes, uint64_t *barrier) {
    const void *caller = EMULATOR_CALLER;
    const uintptr_t to = (uintptr_t)shared, from = (uintptr_t)global;
    struct mbarrier *mbarrier = use(barrier, "bulk copy on behalf", caller);
    if (!mbarrier->fenced)
        report(EMULATOR_MISUSED, caller,
               "bulk copy for the mbarrier at byte %zu of shared memory, after whose init there "
               "was no mbarrier_init_fence",
               mbarrier->offset);
    check_bulk(to, from, bytes, caller);
    struct region *source = memory_locate(from, bytes, ACCESS_READ, caller);
    if (source == NULL || source->is_shared) {
        report(EMULATOR_OUT_OF_BOUNDS, caller, "bulk copy from what is not device memory");
        give_up();
    }
    if (memory_locate(to, bytes, ACCESS_WRITE, caller) != &shared_region) {
        report(EMULATOR_OUT_OF_BOUNDS, caller, "bulk copy to what is not shared memory");
        give_up();
    }
    for (size_t at = 0; at < bytes; at += MOST_BYTES) {
        shadow_access(source, from + at - source->low, MOST_BYTES, ACCESS_READ, caller);
        shadow_access(&shared_region, to + at - shared_low, MOST_BYTES, ACCESS_WRITE, caller);
    }
    for (size_t at = 0; at < bytes; at += MOST_BYTES)
        shadow_set_bits(shared_region.in_flight, to + at - shared_low, MOST_BYTES, true);
    traffic_bulk(from, bytes);
    now.in_flight++;
    now.counters.async_copies++;
    mbarrier->copies++;
    const struct arrival arrival = {.mbarrier = number_of(mbarrier),
                                    .to = shared,
                                    .from = global,
                                    .bytes = bytes,
                                    .thread = now.number};
    begin(&arrival, caller);
}

/* ---- The end ---- */

void mbarriers_end_block(void) {
    for (unsigned i = 0; i < mbarrier_count; i++) {
        const struct mbarrier *mbarrier = &mbarriers[i];
        if (mbarrier->copies > 0 || mbarrier->landed_count > 0)
            report(EMULATOR_MISUSED, NULL,
                   "the block ends, and nobody has waited for copies of the mbarrier at byte %zu "
                   "of shared memory",
                   mbarrier->offset);
        else if (mbarrier->expected != 0)
            report(
                EMULATOR_MISUSED, NULL,
                "the block ends, and the mbarrier at byte %zu of shared memory %s %lld bytes",
                mbarrier->offset, mbarrier->expected > 0 ? "still expects" : "never expected",
                (long long)(mbarrier->expected > 0 ? mbarrier->expected : -mbarrier->expected));
    }
}

const char *mbarriers_describe(const struct thread *thread) {
    static char text[96];
    const struct mbarrier *mbarrier = &mbarriers[thread->waits_for];
    snprintf(text, sizeof text,
             "mbarrier_wait (byte %zu, parity %u: %u arrivals, %lld bytes missing)",
             mbarrier->offset, thread->parity, mbarrier->missing, (long long)mbarrier->expected);
    return text;
}
