/* Calls that the lanes of a warp make together: barriers, votes, shuffles, matrices. */
#include "warps.h"

#include <string.h>

#include "order.h"
#include "traffic.h"
#include "warpgroups.h"

/* What a barrier of lanes orders. The latest are kept, in a ring. */
enum { MOST_ENTRIES = 1024 };
struct entry {
    moment when;
    uint32_t lanes;
};

struct warp {
    uint32_t existing, ended;
    /* The lanes that wait for the same as the last one that came. */
    const struct warp_call *latest;
    uint32_t arrived;

    moment last_full; /* barrier of the whole warp */
    size_t entry_count;
    struct entry entries[MOST_ENTRIES];
};
static struct warp warps[MOST_WARPS];

static const char *const names[] = {
    [WARP_BARRIER] = "__syncwarp",
    [WARP_BALLOT] = "a vote",
    [WARP_SHUFFLE + EMULATOR_SHUFFLE_INDEX] = "__shfl_sync",
    [WARP_SHUFFLE + EMULATOR_SHUFFLE_UP] = "__shfl_up_sync",
    [WARP_SHUFFLE + EMULATOR_SHUFFLE_DOWN] = "__shfl_down_sync",
    [WARP_SHUFFLE + EMULATOR_SHUFFLE_XOR] = "__shfl_xor_sync",
    [WARP_LOAD_MATRICES] = "ldmatrix",
    [WARP_MULTIPLY] = "mma",
    [WARP_REGISTERS] = "setmaxnreg",
    [WARP_GROUP_FENCE] = "wgmma_fence",
    [WARP_GROUP_COMMIT] = "wgmma_commit",
    [WARP_GROUP_WAIT] = "wgmma_wait",
    [WARP_GROUP_MULTIPLY] = "wgmma",
};

const char *warps_name(const struct warp_call *call) {
    return names[call->kind];
}

void warps_begin_block(void) {
    for (unsigned w = 0; w * WARP < now.threads; w++) {
        const unsigned lanes = now.threads - w * WARP;
        warps[w].existing = lanes >= WARP ? ~UINT32_C(0) : (UINT32_C(1) << lanes) - 1;
        warps[w].ended = 0;
        warps[w].latest = NULL;
        warps[w].last_full = 0;
        warps[w].entry_count = 0;
    }
}

/* ---- Order ---- */

static void note_barrier(struct warp *warp, uint32_t lanes) {
    now.clock++;
    if (lanes == warp->existing)
        warp->last_full = now.clock;
    warp->entries[warp->entry_count++ % MOST_ENTRIES] = (struct entry){now.clock, lanes};
    if (now.ordering)
        order_meet_lanes(now.warp, lanes, now.clock);
}

void warps_tell_barriers(void) {
    for (unsigned number = 0; number * WARP < now.threads; number++) {
        const struct warp *warp = &warps[number];
        size_t i = warp->entry_count > MOST_ENTRIES ? warp->entry_count - MOST_ENTRIES : 0;
        for (; i < warp->entry_count; i++) {
            const struct entry *entry = &warp->entries[i % MOST_ENTRIES];
            if (entry->when > now.barrier)
                order_meet_lanes(number, entry->lanes, entry->when);
        }
    }
}

uint32_t warps_existing(unsigned warp) {
    return warps[warp].existing;
}

bool warps_ordered(unsigned number, unsigned before, moment when, unsigned after) {
    const struct warp *warp = &warps[number];
    if (before == after || warp->last_full > when)
        return true;
    /* Whom the news of what `before` did have reached, barrier by barrier. */
    uint32_t reached = UINT32_C(1) << before;
    size_t i = warp->entry_count > MOST_ENTRIES ? warp->entry_count - MOST_ENTRIES : 0;
    for (; i < warp->entry_count; i++) {
        const struct entry *entry = &warp->entries[i % MOST_ENTRIES];
        if (entry->when > when && (entry->lanes & reached))
            reached |= entry->lanes;
    }
    return reached >> after & 1;
}

/* ---- Results ---- */

static unsigned source_lane(const struct warp_call *call, unsigned lane) {
    const unsigned first = lane & ~(call->width - 1), last = first + call->width - 1;
    unsigned source;
    switch (call->kind - WARP_SHUFFLE) {
    case EMULATOR_SHUFFLE_INDEX:
        return first + (call->operand & (call->width - 1));
    case EMULATOR_SHUFFLE_UP:
        return lane >= first + call->operand ? lane - call->operand : lane;
    case EMULATOR_SHUFFLE_DOWN:
        source = lane + call->operand;
        break;
    default:
        source = lane ^ call->operand;
    }
    return source <= last ? source : lane;
}

static void shuffle(struct warp_call *const calls[WARP], const void *caller) {
    for (unsigned lane = 0; lane < WARP; lane++) {
        if (calls[lane] == NULL)
            continue;
        const unsigned source = source_lane(calls[lane], lane);
        if (calls[source] != NULL) {
            calls[lane]->result = calls[source]->value;
        } else {
            report(EMULATOR_DIVERGENCE, caller,
                   "lane %u of warp %u reads the value of lane %u, which does not take part",
                   lane, now.warp, source);
            calls[lane]->result = UINT64_C(0xDEADDEADDEADDEAD);
        }
    }
}

static void vote(struct warp_call *const calls[WARP]) {
    uint32_t lanes = 0;
    for (unsigned lane = 0; lane < WARP; lane++)
        if (calls[lane] != NULL && calls[lane]->value != 0)
            lanes |= UINT32_C(1) << lane;
    for (unsigned lane = 0; lane < WARP; lane++)
        if (calls[lane] != NULL)
            calls[lane]->result = lanes;
}

/* ---- Meeting ---- */

static bool same(const struct warp_call *a, const struct warp_call *b) {
    return a->kind == b->kind && a->site == b->site && a->mask == b->mask;
}

/* The document asks all lanes of matrix instructions to be there. Elsewhere those that have ended
 * are not waited for. */
static uint32_t lanes_needed(const struct warp *warp, const struct warp_call *call) {
    return call->kind >= WARP_LOAD_MATRICES ? call->mask
                                            : call->mask & warp->existing & ~warp->ended;
}

static uint32_t lanes_waiting(unsigned number, const struct warp_call *call) {
    uint32_t lanes = 0;
    for (unsigned lane = 0; lane < WARP && number * WARP + lane < now.threads; lane++) {
        const struct thread *thread = &threads[number * WARP + lane];
        if (thread->state == THREAD_AT_WARP && same(thread->call, call))
            lanes |= UINT32_C(1) << lane;
    }
    return lanes;
}

static void complete(unsigned number, uint32_t lanes, const void *caller) {
    struct warp *warp = &warps[number];
    struct warp_call *calls[WARP] = {NULL};
    int kind = 0;
    if (lanes == warp->existing)
        traffic_count_warp(number);
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
        struct thread *thread = &threads[number * WARP + (unsigned)__builtin_ctz(rest)];
        calls[__builtin_ctz(rest)] = thread->call;
        kind = thread->call->kind;
        thread->state = THREAD_READY;
    }
    warp->latest = NULL;
    switch (kind) {
    case WARP_BARRIER:
        note_barrier(warp, lanes);
        break;
    case WARP_BALLOT:
        vote(calls);
        break;
    case WARP_LOAD_MATRICES:
        matrices_load(calls, caller);
        break;
    case WARP_MULTIPLY:
        matrices_multiply(calls);
        break;
    case WARP_REGISTERS:
        warpgroups_set_registers(number, calls[0], caller);
        break;
    case WARP_GROUP_FENCE:
        warpgroups_fence(number);
        break;
    case WARP_GROUP_COMMIT:
        warpgroups_commit(number);
        break;
    case WARP_GROUP_WAIT:
        warpgroups_wait(number, calls[0]->operand, caller);
        break;
    case WARP_GROUP_MULTIPLY:
        warpgroups_multiply(number, caller);
        break;
    default:
        shuffle(calls, caller);
    }
}

void warp_meet(struct warp_call *call, const void *caller) {
    struct thread *self = now.thread;
    struct warp *warp = &warps[now.warp];
    if (!(call->mask & now.lane_bit)) {
        report(EMULATOR_DIVERGENCE, caller, "lane %u calls %s with a mask, %#x, without itself",
               now.number % WARP, warps_name(call), call->mask);
        give_up();
    }
    self->call = call;
    self->site = call->site;
    self->caller = caller;
    self->state = THREAD_AT_WARP;
    if (warp->latest != NULL && same(warp->latest, call))
        warp->arrived |= now.lane_bit;
    else
        warp->arrived = lanes_waiting(now.warp, call);
    warp->latest = call;
    const uint32_t needed = lanes_needed(warp, call);
    if ((warp->arrived & needed) == needed)
        complete(now.warp, warp->arrived, caller);
    /* cppcheck-suppress knownConditionTrueFalse; complete() changes it */
    if (self->state != THREAD_READY)
        fiber_yield();
}

void warps_thread_ended(void) {
    struct warp *warp = &warps[now.warp];
    warp->ended |= now.lane_bit;
    for (unsigned lane = 0; lane < WARP && now.warp * WARP + lane < now.threads; lane++) {
        const struct thread *thread = &threads[now.warp * WARP + lane];
        if (thread->state != THREAD_AT_WARP)
            continue;
        const uint32_t waiting = lanes_waiting(now.warp, thread->call);
        const uint32_t needed = lanes_needed(warp, thread->call);
        if ((waiting & needed) == needed)
            complete(now.warp, waiting, thread->caller);
    }
}

/* ---- The functions of emulated_device.h ---- */

void emulator_warp_barrier(int site, unsigned mask) {
    if (now.thread == NULL)
        return;
    struct warp_call call = {.kind = WARP_BARRIER, .site = site, .mask = mask};
    warp_meet(&call, EMULATOR_CALLER);
}

unsigned emulator_ballot(int site, unsigned mask, bool condition) {
    struct warp_call call = {.kind = WARP_BALLOT, .site = site, .mask = mask, .value = condition};
    warp_meet(&call, EMULATOR_CALLER);
    return (unsigned)call.result;
}

uint64_t emulator_shuffle(enum emulator_shuffle how, int site, unsigned mask, uint64_t value,
                          unsigned operand, unsigned width) {
    struct warp_call call = {.kind = WARP_SHUFFLE + (int)how,
                             .site = site,
                             .mask = mask,
                             .value = value,
                             .operand = operand,
                             .width = width};
    warp_meet(&call, EMULATOR_CALLER);
    return call.result;
}

void emulator_load_matrices(int site, unsigned matrices, bool transposed, uint32_t *fragments,
                            const void *row) {
    struct warp_call call = {.kind = WARP_LOAD_MATRICES,
                             .site = site,
                             .mask = ~UINT32_C(0),
                             .operand = matrices,
                             .width = transposed,
                             .row = row};
    call.fragments = fragments;
    warp_meet(&call, EMULATOR_CALLER);
}

void emulator_multiply(enum emulator_matrix kind, int site, float accumulator[4],
                       const uint32_t a[4], const uint32_t b[2]) {
    struct warp_call call = {.kind = WARP_MULTIPLY,
                             .site = site,
                             .mask = ~UINT32_C(0),
                             .operand = kind,
                             .a = a,
                             .b = b};
    call.accumulator = accumulator;
    warp_meet(&call, EMULATOR_CALLER);
}

/* ---- Warpgroups ---- */

static void meet_for_group(int kind, int site, unsigned operand, unsigned width,
                           const void *caller) {
    struct warp_call call = {
        .kind = kind, .site = site, .mask = ~UINT32_C(0), .operand = operand, .width = width};
    warp_meet(&call, caller);
}

void emulator_registers(int site, unsigned count, bool take) {
    meet_for_group(WARP_REGISTERS, site, count, take, EMULATOR_CALLER);
}

void emulator_group_fence(int site) {
    meet_for_group(WARP_GROUP_FENCE, site, 0, 0, EMULATOR_CALLER);
}

void emulator_group_commit(int site) {
    meet_for_group(WARP_GROUP_COMMIT, site, 0, 0, EMULATOR_CALLER);
}

void emulator_group_wait(int site, unsigned groups_in_flight) {
    meet_for_group(WARP_GROUP_WAIT, site, groups_in_flight, 0, EMULATOR_CALLER);
}

void emulator_group_multiply(enum emulator_matrix kind, int site, unsigned tiles, float *d,
                             const uint32_t a[4], uint64_t b) {
    struct warp_call call = {.kind = WARP_GROUP_MULTIPLY,
                             .site = site,
                             .mask = ~UINT32_C(0),
                             .operand = kind,
                             .width = tiles,
                             .value = b,
                             .a = a};
    call.accumulator = d;
    warp_meet(&call, EMULATOR_CALLER);
}
