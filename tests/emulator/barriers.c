/* Barriers of whole blocks. */
#include <stdio.h>

#include "mbarriers.h"
#include "order.h"
#include "traffic.h"

static unsigned arrived, holding;
static unsigned result;

/* Barriers with a number, for some warps. Hardware counts whole ones. */
enum { NAMED_BARRIERS = 16 };
static struct {
    unsigned expected, arrived; /* threads; 0: nobody has come */
    uint32_t lanes[MOST_WARPS];
} named[NAMED_BARRIERS];

void barriers_begin_block(void) {
    arrived = holding = 0;
    memset(named, 0, sizeof named);
}

/* All threads of the block have come: at one place? */
static void check_sites(void) {
    for (unsigned i = 1; i < now.threads; i++)
        if (threads[i].site != threads[0].site) {
            char place[128];
            snprintf(place, sizeof place, "%s", source_place(threads[i].caller));
            report(EMULATOR_DIVERGENCE, threads[0].caller,
                   "thread 0 waits at this barrier, and thread %u at that of %s", i, place);
            give_up();
        }
}

unsigned emulator_barrier(int site, bool condition) {
    struct thread *self = now.thread;
    if (self == NULL)
        return condition;
    self->site = site;
    self->caller = EMULATOR_CALLER;
    holding += condition;
    if (++arrived < now.threads) {
        self->state = THREAD_AT_BARRIER;
        fiber_yield();
        return result;
    }
    check_sites();
    result = holding;
    arrived = holding = 0;
    now.barrier = ++now.clock;
    now.counters.barriers++;
    for (unsigned i = 0; i < now.threads; i++)
        threads[i].state = THREAD_READY;
    return result;
}

/* ---- Named barriers ---- */

static unsigned leaving; /* the one that all have come to */

static bool is_leaving(unsigned thread) {
    return threads[thread].state == THREAD_AT_NAMED_BARRIER &&
           threads[thread].waits_for == leaving &&
           named[leaving].lanes[thread / WARP] == warps_existing(thread / WARP);
}

/* Whole warps leave; of others, which came too many, the lanes stay. */
static void leave(unsigned id) {
    leaving = id;
    now.counters.barriers++;
    order_meet(is_leaving);
    for (unsigned i = 0; i < now.threads; i++)
        if (is_leaving(i))
            threads[i].state = THREAD_READY;
    bool is_empty = true;
    for (unsigned warp = 0; warp * WARP < now.threads; warp++) {
        if (named[id].lanes[warp] == warps_existing(warp))
            named[id].lanes[warp] = 0;
        is_empty = is_empty && named[id].lanes[warp] == 0;
    }
    named[id].arrived = 0;
    if (is_empty)
        named[id].expected = 0;
}

void emulator_named_barrier(unsigned id, unsigned count) {
    struct thread *self = now.thread;
    const void *caller = EMULATOR_CALLER;
    order_begin();
    if (count == 0 || count % WARP != 0 || count > now.threads) {
        report(EMULATOR_DIVERGENCE, caller,
               "bar.sync %u of %u threads: no number of whole warps of a block of %u", id, count,
               now.threads);
        give_up();
    }
    if (named[id].expected != 0 && named[id].expected != count) {
        report(EMULATOR_DIVERGENCE, caller,
               "bar.sync %u of %u threads, and others have come to it with %u", id, count,
               named[id].expected);
        give_up();
    }
    named[id].expected = count;
    self->site = (int)id;
    self->caller = caller;
    self->waits_for = id;
    self->state = THREAD_AT_NAMED_BARRIER;
    named[id].lanes[now.warp] |= now.lane_bit;
    if (named[id].lanes[now.warp] == warps_existing(now.warp))
        named[id].arrived += WARP;
    if (named[id].arrived == count)
        leave(id);
    /* cppcheck-suppress knownConditionTrueFalse; leave() changes it */
    if (self->state != THREAD_READY)
        fiber_yield();
}

/* ---- Threads that wait forever ---- */

static const char *waits_for(const struct thread *thread) {
    switch (thread->state) {
    case THREAD_AT_BARRIER:
        return "__syncthreads";
    case THREAD_AT_NAMED_BARRIER:
        return "bar.sync";
    case THREAD_AT_MBARRIER:
        return mbarriers_describe(thread);
    default:
        return warps_name(thread->call);
    }
}

/* Some of the places where threads wait, a group of threads for each. */
enum { MOST_PLACES = 4 };
struct waiting {
    const struct thread *first;
    unsigned count;
};

static unsigned find_places(struct waiting places[MOST_PLACES], unsigned *ended) {
    unsigned known = 0;
    for (unsigned i = 0; i < now.threads; i++) {
        const struct thread *thread = &threads[i];
        if (thread->state == THREAD_ENDED) {
            ++*ended;
            continue;
        }
        unsigned place = 0;
        while (place < known && (places[place].first->state != thread->state ||
                                 places[place].first->site != thread->site))
            place++;
        if (place == MOST_PLACES)
            continue;
        if (place == known)
            places[known++] = (struct waiting){thread, 0};
        places[place].count++;
    }
    return known;
}

void barriers_report_deadlock(void) {
    struct waiting places[MOST_PLACES];
    unsigned ended = 0;
    const unsigned known = find_places(places, &ended);
    if (known == 0)
        return;
    char others[512] = "";
    size_t length = 0;
    for (unsigned i = 1; i < known && length < sizeof others; i++) {
        const struct thread *thread = places[i].first;
        length += (size_t)snprintf(
            others + length, sizeof others - length, ", %u from thread %u on at %s of %s",
            places[i].count, thread->number, waits_for(thread), source_place(thread->caller));
    }
    now.thread = &threads[places[0].first->number]; /* for the report */
    report(EMULATOR_DIVERGENCE, places[0].first->caller,
           "%u threads wait at %s for others that never come%s; %u threads have ended",
           places[0].count, waits_for(places[0].first), others, ended);
    now.thread = NULL;
}
