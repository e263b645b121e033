/* wgmma. What a product reads and writes is watched from its issue until a wait has completed it,
 * for each warp: in between its accumulators may not be looked at, nor its registers and its part
 * of shared memory changed. It is computed at the wait, or at once where copies land early.
 *
 * Registers are local variables in the fibers' stacks. A register that a thread has written may be
 * used by a product after the next fence. */
#include "warpgroups.h"

#include <stdio.h>
#include <stdlib.h>

#include "matrices.h"
#include "memory.h"

enum { GROUP_WARPS = 4, GROUP = GROUP_WARPS * WARP, MOST_GROUPS = MOST_THREADS / GROUP };
enum { MOST_ACCUMULATORS = 128, CORE_BYTES = 128, HALF_BYTES = 16 };

/* b in shared memory: core matrices of 8 rows of 16 bytes. */
struct matrix {
    size_t offset, leading, stride;
};

struct product {
    enum emulator_matrix kind;
    unsigned tiles;
    struct matrix b;
    uint32_t left;               /* the warps for which it is not complete */
    unsigned group[GROUP_WARPS]; /* 0: not committed yet */
    const uint32_t *a_at[GROUP];
    uint32_t a[GROUP][4];
    const float *d_at[GROUP];
};

struct warpgroup {
    struct product *products;
    size_t count, capacity;
    struct {
        bool fenced;
        unsigned groups; /* committed so far */
        unsigned registers, register_calls;
    } warps[GROUP_WARPS];
};
static struct warpgroup groups[MOST_GROUPS];

/* ---- Accumulators ---- */

/* What products that are not complete have in the place of a thread's accumulators. */
struct held {
    float *place;
    unsigned count, products;
    float values[MOST_ACCUMULATORS];
};
enum { MOST_HELD = 8 };
static struct held held[MOST_THREADS][MOST_HELD];

/* Until the result is there, those who look have this. */
static const uint32_t POISON = 0x7FBADBAD;

static uint32_t bits_of(const float *place) {
    uint32_t bits;
    memcpy(&bits, place, sizeof bits);
    return bits;
}

static struct held *find_held(unsigned thread, const float *place) {
    for (unsigned i = 0; i < MOST_HELD; i++)
        if (held[thread][i].products > 0 && held[thread][i].place == place)
            return &held[thread][i];
    return NULL;
}

static void hold(unsigned thread, float *place, unsigned count, const void *caller) {
    struct held *entry = find_held(thread, place);
    if (entry != NULL) {
        if (entry->count != count)
            report(EMULATOR_MISUSED, caller,
                   "wgmma of %u accumulators, of which one of %u is not complete", count,
                   entry->count);
        entry->products++;
        return;
    }
    for (entry = held[thread]; entry < held[thread] + MOST_HELD && entry->products > 0; entry++) {
    }
    if (entry == held[thread] + MOST_HELD) {
        report(EMULATOR_MISUSED, caller,
               "more than %d accumulators in flight, too many for the emulator", MOST_HELD);
        give_up();
    }
    entry->place = place;
    entry->count = count;
    entry->products = 1;
    memcpy(entry->values, place, count * sizeof *place);
    for (unsigned i = 0; i < count && !now.settings.early_copies; i++)
        memcpy(&place[i], &POISON, sizeof POISON);
}

static void let_go(unsigned thread, const float *place, const void *caller) {
    struct held *entry = find_held(thread, place);
    if (entry == NULL || --entry->products > 0)
        return;
    for (unsigned i = 0; i < entry->count; i++) {
        const bool early = now.settings.early_copies;
        if (bits_of(&entry->place[i]) != (early ? bits_of(&entry->values[i]) : POISON)) {
            report(EMULATOR_MISUSED, caller,
                   "thread %u has changed accumulator %u of a wgmma before it was complete",
                   thread, i);
            break;
        }
    }
    memcpy(entry->place, entry->values, entry->count * sizeof *entry->place);
}

/* ---- Registers since the last fence ---- */

/* A bit for each word of a thread's stack that was written, and where such bits are. */
enum { STACK_WORDS = STACK_BYTES / 4 };
static struct {
    uint8_t words[STACK_WORDS / 8];
    size_t first, end;
} written[MOST_THREADS];

static void forget_written(unsigned thread) {
    const size_t first = written[thread].first / 8, end = (written[thread].end + 7) / 8;
    if (first < end)
        memset(written[thread].words + first, 0, end - first);
    written[thread].first = STACK_WORDS;
    written[thread].end = 0;
}

static bool was_written(unsigned thread, const void *place, size_t bytes) {
    const size_t offset = (uintptr_t)place - fiber_stack(thread);
    for (size_t at = offset / 4; at < (offset + bytes + 3) / 4 && at < STACK_WORDS; at++)
        if (written[thread].words[at / 8] >> at % 8 & 1)
            return true;
    return false;
}

static bool overlap(uintptr_t a, size_t a_bytes, const void *b, size_t b_bytes) {
    return a < (uintptr_t)b + b_bytes && (uintptr_t)b < a + a_bytes;
}

void warpgroups_note_registers(uintptr_t address, size_t bytes, enum access access,
                               const void *caller) {
    const unsigned thread = now.number;
    if (access != ACCESS_READ) {
        const size_t offset = address - now.stack_low;
        const size_t first = offset / 4, end = (offset + bytes + 3) / 4;
        for (size_t at = first; at < end && at < STACK_WORDS; at++)
            written[thread].words[at / 8] |= (uint8_t)(1 << at % 8);
        if (first < written[thread].first)
            written[thread].first = first;
        if (end > written[thread].end)
            written[thread].end = end < STACK_WORDS ? end : STACK_WORDS;
    }
    for (unsigned i = 0; i < MOST_HELD; i++) {
        const struct held *entry = &held[thread][i];
        if (entry->products > 0 &&
            overlap(address, bytes, entry->place, entry->count * sizeof *entry->place)) {
            report(EMULATOR_MISUSED, caller,
                   "an accumulator of a wgmma is %s before it is complete",
                   access == ACCESS_READ ? "read" : "written");
            return;
        }
    }
    const struct warpgroup *group = &groups[thread / GROUP];
    for (size_t i = 0; i < group->count && access != ACCESS_READ; i++) {
        const struct product *product = &group->products[i];
        if (product->left >> now.warp % GROUP_WARPS & 1 &&
            overlap(address, bytes, product->a_at[thread % GROUP], sizeof product->a[0])) {
            report(EMULATOR_MISUSED, caller,
                   "a register that a wgmma multiplies is written before it is complete");
            return;
        }
    }
}

/* ---- Shared memory ---- */

static unsigned depth_of(enum emulator_matrix kind) {
    return kind == EMULATOR_M16N8K8_TF32 ? 8 : 16;
}

/* The core matrix of rows 8 tile to 8 tile + 7, and of one half of k. */
static size_t core(const struct matrix *b, unsigned tile, unsigned half) {
    return b->offset + tile * b->stride + half * b->leading;
}

bool warpgroups_read(size_t offset, size_t bytes) {
    for (unsigned g = 0; g * GROUP < now.threads; g++)
        for (size_t i = 0; i < groups[g].count; i++) {
            const struct product *product = &groups[g].products[i];
            for (unsigned tile = 0; tile < product->tiles; tile++)
                for (unsigned half = 0; half < 2; half++) {
                    const size_t at = core(&product->b, tile, half);
                    if (offset < at + CORE_BYTES && at < offset + bytes)
                        return true;
                }
        }
    return false;
}

static const uint64_t FIELD = 0x3FFF;

uint64_t emulator_group_descriptor(const void *shared, unsigned leading, unsigned stride) {
    const void *caller = EMULATOR_CALLER;
    const size_t offset = (uintptr_t)shared - shared_low;
    if (offset >= shared_region.bytes) {
        report(EMULATOR_OUT_OF_BOUNDS, caller,
               "descriptor of a matrix at byte %td of %zu bytes of shared memory",
               (ptrdiff_t)offset, shared_region.bytes);
        give_up();
    }
    if (offset % 16 != 0 || leading % 16 != 0 || stride % 16 != 0) {
        report(EMULATOR_MISALIGNED, caller,
               "descriptor of a matrix at byte %zu of shared memory, leading %u, stride %u: not "
               "all multiples of 16",
               offset, leading, stride);
        give_up();
    }
    if (leading >> 4 > FIELD || stride >> 4 > FIELD) {
        report(EMULATOR_MISUSED, caller, "descriptor of a matrix with leading %u, stride %u",
               leading, stride);
        give_up();
    }
    return (uint64_t)offset >> 4 | (uint64_t)(leading >> 4) << 16 | (uint64_t)(stride >> 4) << 32;
}

static struct matrix decode(uint64_t descriptor, const void *caller) {
    if (descriptor & ~(FIELD | FIELD << 16 | FIELD << 32)) {
        report(EMULATOR_MISUSED, caller, "wgmma with descriptor %#llx: bits that have no meaning",
               (unsigned long long)descriptor);
        give_up();
    }
    return (struct matrix){(descriptor & FIELD) << 4, (descriptor >> 16 & FIELD) << 4,
                           (descriptor >> 32 & FIELD) << 4};
}

static void check_b(const struct product *product, unsigned first_thread, const void *caller) {
    for (unsigned tile = 0; tile < product->tiles; tile++)
        for (unsigned half = 0; half < 2; half++) {
            const size_t at = core(&product->b, tile, half);
            if (at + CORE_BYTES > shared_region.bytes) {
                report(EMULATOR_OUT_OF_BOUNDS, caller,
                       "wgmma of a core matrix at byte %zu of %zu bytes of shared memory", at,
                       shared_region.bytes);
                give_up();
            }
            shadow_check_group_read(first_thread, at, CORE_BYTES, caller);
        }
}

/* ---- Products ---- */

static void load_b(const struct product *product, struct group_operands *operands) {
    const unsigned char *shared = emulator_shared_memory();
    const unsigned halves = depth_of(product->kind) / 2;
    for (unsigned n = 0; n < 8 * product->tiles; n++)
        for (unsigned half = 0; half < 2; half++) {
            const unsigned char *row =
                shared + core(&product->b, n / 8, half) + n % 8 * HALF_BYTES;
            matrices_convert(product->kind, row, halves, &operands->b[n][half * halves]);
        }
}

static void compute(const struct product *product, unsigned first_thread, unsigned warp) {
    static struct group_operands operands;
    load_b(product, &operands);
    float *sums[WARP];
    for (unsigned lane = 0; lane < WARP; lane++) {
        const unsigned in_group = warp * WARP + lane;
        sums[lane] = find_held(first_thread + in_group, product->d_at[in_group])->values;
    }
    matrices_multiply_wide(product->kind, product->tiles, sums, &product->a[warp * WARP],
                           &operands);
}

static void check_issue(const struct product *product, unsigned first_thread,
                        const void *caller) {
    const struct warpgroup *group = &groups[first_thread / GROUP];
    for (unsigned warp = 0; warp < GROUP_WARPS; warp++)
        if (!group->warps[warp].fenced) {
            report(EMULATOR_MISUSED, caller,
                   "wgmma without wgmma_fence since the kernel began, or all were waited for");
            return;
        }
    for (unsigned i = 0; i < GROUP; i++) {
        const bool a = was_written(first_thread + i, product->a_at[i], sizeof product->a[0]);
        if (a ||
            was_written(first_thread + i, product->d_at[i], product->tiles * 4 * sizeof(float))) {
            report(EMULATOR_MISUSED, caller,
                   "wgmma without wgmma_fence after thread %u has written %s", first_thread + i,
                   a ? "what it multiplies" : "accumulators");
            return;
        }
    }
}

static void issue(unsigned first_thread, const void *caller) {
    struct warpgroup *group = &groups[first_thread / GROUP];
    if (group->count == group->capacity) {
        group->capacity = group->capacity == 0 ? 8 : 2 * group->capacity;
        group->products = realloc(group->products, group->capacity * sizeof *group->products);
        if (group->products == NULL) {
            perror("emulator: products");
            abort();
        }
    }
    struct product *product = &group->products[group->count];
    const struct warp_call *first = threads[first_thread].call;
    product->kind = (enum emulator_matrix)first->operand;
    product->tiles = first->width;
    product->b = decode(first->value, caller);
    product->left = (1 << GROUP_WARPS) - 1;
    for (unsigned warp = 0; warp < GROUP_WARPS; warp++)
        product->group[warp] = 0;
    for (unsigned i = 0; i < GROUP; i++) {
        const struct warp_call *call = threads[first_thread + i].call;
        product->a_at[i] = call->a;
        product->d_at[i] = call->accumulator;
        memcpy(product->a[i], call->a, sizeof product->a[i]);
    }
    check_issue(product, first_thread, caller);
    check_b(product, first_thread, caller);
    for (unsigned i = 0; i < GROUP; i++)
        hold(first_thread + i, threads[first_thread + i].call->accumulator, 4 * product->tiles,
             caller);
    group->count++;
    now.in_flight++;
    now.counters.matrix_instructions += GROUP_WARPS;
    if (!now.settings.early_copies)
        return;
    for (unsigned warp = 0; warp < GROUP_WARPS; warp++)
        compute(product, first_thread, warp);
    for (unsigned i = 0; i < GROUP; i++) {
        const struct held *entry = find_held(first_thread + i, product->d_at[i]);
        memcpy(entry->place, entry->values, entry->count * sizeof *entry->place);
    }
}

static bool same_product(const struct warp_call *a, const struct warp_call *b) {
    return a->site == b->site && a->operand == b->operand && a->width == b->width;
}

void warpgroups_multiply(unsigned warp, const void *caller) {
    const unsigned first_warp = warp / GROUP_WARPS * GROUP_WARPS, first = first_warp * WARP;
    if (first + GROUP > now.threads) {
        report(EMULATOR_DIVERGENCE, caller, "wgmma by warp %u, which is in no whole warpgroup",
               warp);
        give_up();
    }
    for (unsigned lane = 0; lane < WARP; lane++)
        threads[warp * WARP + lane].state = THREAD_AT_WARPGROUP;
    for (unsigned i = 0; i < GROUP; i++)
        if (threads[first + i].state != THREAD_AT_WARPGROUP)
            return;
    for (unsigned i = 1; i < GROUP; i++) {
        const struct warp_call *a = threads[first].call, *b = threads[first + i].call;
        if (!same_product(a, b)) {
            char place[128];
            snprintf(place, sizeof place, "%s", source_place(threads[first + i].caller));
            report(EMULATOR_DIVERGENCE, threads[first].caller,
                   "thread %u is at this wgmma, and thread %u of its warpgroup at that of %s",
                   first, first + i, place);
            give_up();
        }
        if (a->value != b->value) {
            report(EMULATOR_MISUSED, caller,
                   "wgmma with different descriptors in threads %u and %u of a warpgroup", first,
                   first + i);
            give_up();
        }
    }
    issue(first, caller);
    for (unsigned i = 0; i < GROUP; i++)
        threads[first + i].state = THREAD_READY;
}

/* ---- Fences, groups, waits ---- */

void warpgroups_fence(unsigned warp) {
    groups[warp / GROUP_WARPS].warps[warp % GROUP_WARPS].fenced = true;
    for (unsigned lane = 0; lane < WARP; lane++) {
        threads[warp * WARP + lane].registers_watched = true;
        forget_written(warp * WARP + lane);
    }
}

void warpgroups_commit(unsigned warp) {
    struct warpgroup *group = &groups[warp / GROUP_WARPS];
    const unsigned in_group = warp % GROUP_WARPS;
    group->warps[in_group].groups++;
    for (size_t i = group->count; i > 0 && group->products[i - 1].group[in_group] == 0; i--)
        group->products[i - 1].group[in_group] = group->warps[in_group].groups;
}

/* The product is complete, as far as the warp has a part of it. */
static void complete(struct product *product, unsigned warp, const void *caller) {
    const unsigned in_group = warp % GROUP_WARPS, first_lane = warp * WARP;
    if (!now.settings.early_copies)
        compute(product, first_lane - in_group * WARP, in_group);
    for (unsigned lane = 0; lane < WARP; lane++) {
        const unsigned i = in_group * WARP + lane;
        if (memcmp(product->a_at[i], product->a[i], sizeof product->a[i]) != 0)
            report(EMULATOR_MISUSED, caller,
                   "thread %u has changed a register that a wgmma multiplies before it was "
                   "complete",
                   first_lane + lane);
        let_go(first_lane + lane, product->d_at[i], caller);
    }
    for (unsigned tile = 0; tile < product->tiles; tile++)
        for (unsigned half = 0; half < 2; half++)
            shadow_note_warp_read(core(&product->b, tile, half), CORE_BYTES);
    product->left &= ~(UINT32_C(1) << in_group);
}

void warpgroups_wait(unsigned warp, unsigned groups_in_flight, const void *caller) {
    struct warpgroup *group = &groups[warp / GROUP_WARPS];
    const unsigned in_group = warp % GROUP_WARPS;
    const unsigned committed = group->warps[in_group].groups;
    size_t kept = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct product *product = &group->products[i];
        const unsigned number = product->group[in_group];
        if (product->left >> in_group & 1 && number != 0 &&
            number + groups_in_flight <= committed)
            complete(product, warp, caller);
        if (product->left == 0) {
            now.in_flight--;
            continue;
        }
        if (kept != i)
            group->products[kept] = *product;
        kept++;
    }
    group->count = kept;
    if (groups_in_flight == 0)
        group->warps[in_group].fenced = false;
}

/* ---- How many registers a warp has ---- */

void warpgroups_set_registers(unsigned warp, const struct warp_call *call, const void *caller) {
    struct warpgroup *group = &groups[warp / GROUP_WARPS];
    const unsigned in_group = warp % GROUP_WARPS;
    const unsigned before = group->warps[in_group].registers;
    const bool take = call->width;
    if (before != 0 && (take ? call->operand < before : call->operand > before))
        report(EMULATOR_MISUSED, caller, "registers_%s of %u where the warp has %u",
               take ? "take" : "give", call->operand, before);
    group->warps[in_group].registers = call->operand;
    group->warps[in_group].register_calls++;
}

/* Of a multiprocessor. */
enum { ALL_REGISTERS = 64 * 1024 };

static void check_registers(void) {
    unsigned sum = 0;
    bool all = true;
    for (unsigned g = 0; g * GROUP < now.threads; g++) {
        unsigned most = 0, least = UINT32_MAX;
        for (unsigned warp = 0;
             warp < GROUP_WARPS && (g * GROUP_WARPS + warp) * WARP < now.threads; warp++) {
            const unsigned calls = groups[g].warps[warp].register_calls;
            most = calls > most ? calls : most;
            least = calls < least ? calls : least;
            sum += groups[g].warps[warp].registers * WARP;
            all = all && calls > 0;
        }
        if (least != most)
            report(EMULATOR_DIVERGENCE, NULL,
                   "registers are set by some warps of warpgroup %u and not by others", g);
    }
    if (all && sum > ALL_REGISTERS)
        report(EMULATOR_MISUSED, NULL,
               "the warps of a block take %u registers together, and there are %d", sum,
               ALL_REGISTERS);
}

/* ---- Blocks ---- */

void warpgroups_begin_block(void) {
    for (unsigned g = 0; g * GROUP < now.threads; g++) {
        groups[g].count = 0;
        memset(groups[g].warps, 0, sizeof groups[g].warps);
    }
    for (unsigned thread = 0; thread < now.threads; thread++) {
        threads[thread].registers_watched = false;
        for (unsigned i = 0; i < MOST_HELD; i++)
            held[thread][i].products = 0;
    }
}

void warpgroups_thread_ended(void) {
    const struct warpgroup *group = &groups[now.number / GROUP];
    for (size_t i = 0; i < group->count; i++)
        if (group->products[i].left >> now.warp % GROUP_WARPS & 1) {
            report(EMULATOR_MISUSED, NULL, "the thread ends before its wgmma is complete");
            return;
        }
}

void warpgroups_end_block(void) {
    check_registers();
}
