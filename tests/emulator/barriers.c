/* Barriers of whole blocks. */
#include <stdio.h>

#include "runtime.h"
#include "traffic.h"

static unsigned arrived, holding;
static unsigned result;

void barriers_begin_block(void) {
    arrived = holding = 0;
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

/* ---- Threads that wait forever ---- */

static const char *waits_for(const struct thread *thread) {
    return thread->state == THREAD_AT_BARRIER ? "__syncthreads" : warps_name(thread->call);
}

void barriers_report_deadlock(void) {
    const struct thread *first = NULL, *second = NULL;
    unsigned ended = 0, with_first = 0;
    for (unsigned i = 0; i < now.threads; i++) {
        const struct thread *thread = &threads[i];
        if (thread->state == THREAD_ENDED)
            ended++;
        else if (first == NULL)
            first = thread;
        if (first == NULL || thread->state == THREAD_ENDED)
            continue;
        if (thread->state == first->state && thread->site == first->site)
            with_first++;
        else if (second == NULL)
            second = thread;
    }
    if (first == NULL)
        return;
    char rest[192] = "";
    if (second != NULL)
        snprintf(rest, sizeof rest, ", thread %u and others at %s of %s", second->number,
                 waits_for(second), source_place(second->caller));
    now.thread = &threads[first->number]; /* for the report */
    report(EMULATOR_DIVERGENCE, first->caller,
           "%u threads wait at %s for others that never come%s; %u threads have ended",
           with_first, waits_for(first), rest, ended);
    now.thread = NULL;
}
