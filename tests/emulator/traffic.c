/* Which accesses of the lanes of a warp are one: every lane keeps a list of what it did, and where
 * the lists have the same place in the code, it was done together. Where they differ, lanes that are
 * on the way to the place of others go first, as hardware lets lanes meet again. */
#include "traffic.h"

enum { MOST_NOTES = 256 };

/* The place of the code in the low bits, the memory and the bytes above them. */
struct note {
    uint64_t what;
    uint64_t address;
};
enum { BYTES_SHIFT = 56, SHARED_SHIFT = 55, STORE_SHIFT = 54 };
#define PLACE ((UINT64_C(1) << STORE_SHIFT) - 1)

static struct note notes[MOST_THREADS][MOST_NOTES];
static unsigned note_counts[MOST_THREADS];

void traffic_begin_block(void) {
    memset(note_counts, 0, now.threads * sizeof note_counts[0]);
}

void traffic_note(bool is_shared, uintptr_t address, size_t bytes, enum access access,
                  const void *caller) {
    while (note_counts[now.number] == MOST_NOTES)
        fiber_yield(); /* the others catch up, and then they are counted */
    notes[now.number][note_counts[now.number]++] = (struct note){
        (uintptr_t)caller | (uint64_t)bytes << BYTES_SHIFT | (uint64_t)is_shared << SHARED_SHIFT |
            (uint64_t)(access != ACCESS_READ) << STORE_SHIFT,
        address};
}

/* ---- Sets of numbers ---- */

enum { SET_SIZE = 256 };
static struct {
    uint64_t number;
    uint64_t generation;
} set[SET_SIZE];
static uint64_t generation;

/* Whether it was not there yet. */
static bool insert(uint64_t number) {
    size_t i = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> 56);
    for (; set[i].generation == generation; i = (i + 1) % SET_SIZE)
        if (set[i].number == number)
            return false;
    set[i].number = number;
    set[i].generation = generation;
    return true;
}

/* ---- Costs ---- */

static unsigned sectors(const uint64_t *addresses, uint32_t lanes, size_t bytes) {
    unsigned found = 0;
    uint64_t latest = UINT64_MAX; /* lanes side by side often share one */
    generation++;
    for (; lanes != 0; lanes &= lanes - 1) {
        const uint64_t address = addresses[__builtin_ctz(lanes)];
        for (uint64_t sector = address / 32; sector <= (address + bytes - 1) / 32; sector++) {
            if (sector != latest)
                found += insert(sector);
            latest = sector;
        }
    }
    return found;
}

/* Tells of the same sectors, with the bytes that all lanes together store. */
static void trace(const uint64_t *addresses, uint32_t lanes, size_t bytes, bool store) {
    enum { MOST_SECTORS = 2 * WARP };
    struct emulator_sector found[MOST_SECTORS];
    size_t known = 0;
    for (; lanes != 0; lanes &= lanes - 1) {
        const uint64_t first = addresses[__builtin_ctz(lanes)], end = first + bytes;
        for (uint64_t sector = first / 32; sector <= (end - 1) / 32; sector++) {
            size_t i = known;
            while (i > 0 && found[i - 1].number != sector)
                i--;
            if (i == 0) {
                found[known++] =
                    (struct emulator_sector){now.counters.launches, now.block, sector, 0};
                i = known;
            }
            for (uint64_t byte = sector * 32; store && byte < sector * 32 + 32; byte++)
                if (byte >= first && byte < end)
                    found[i - 1].written |= UINT32_C(1) << byte % 32;
        }
    }
    for (size_t i = 0; i < known; i++)
        now.settings.trace(now.settings.tracer, &found[i]);
}

/* How often the bank that is asked most has to answer. Lanes that read one word share it. */
static unsigned wavefronts(const uint64_t *addresses, uint32_t lanes, size_t bytes) {
    enum { BANKS = 32 };
    uint64_t first[BANKS] = {0}; /* the first word of each bank; none is at address 0 */
    uint8_t words[BANKS] = {0};
    unsigned most = 1;
    generation++;
    for (; lanes != 0; lanes &= lanes - 1) {
        const uint64_t address = addresses[__builtin_ctz(lanes)];
        for (uint64_t word = address / 4; word <= (address + bytes - 1) / 4; word++) {
            const unsigned bank = word % BANKS;
            if (first[bank] == 0) {
                first[bank] = word;
                words[bank] = 1;
            } else if (first[bank] != word && insert(word) && ++words[bank] > most) {
                most = words[bank];
            }
        }
    }
    return most;
}

/* 8 bytes are given to half a warp at a time, 16 to a quarter. */
static void count_shared(const uint64_t *addresses, uint32_t lanes, size_t bytes) {
    const unsigned phases = bytes <= 4 ? 1 : bytes <= 8 ? 2 : 4;
    const unsigned width = WARP / phases;
    now.counters.shared_accesses++;
    for (unsigned phase = 0; phase < phases; phase++) {
        const uint32_t group = (uint32_t)((UINT64_C(1) << width) - 1) << phase * width & lanes;
        if (group == 0)
            continue;
        const unsigned needed = wavefronts(addresses, group, bytes);
        now.counters.shared_wavefronts += needed;
        now.counters.shared_conflicts += needed - 1;
    }
}

void traffic_matrix(const unsigned char *const rows[8]) {
    uint64_t addresses[8];
    for (int i = 0; i < 8; i++)
        addresses[i] = (uintptr_t)rows[i];
    const unsigned needed = wavefronts(addresses, 0xFF, 16);
    now.counters.shared_accesses++;
    now.counters.shared_wavefronts += needed;
    now.counters.shared_conflicts += needed - 1;
}

static void count(uint64_t what, const uint64_t *addresses, uint32_t lanes) {
    const size_t bytes = (size_t)(what >> BYTES_SHIFT);
    const bool store = what >> STORE_SHIFT & 1;
    if (what >> SHARED_SHIFT & 1) {
        count_shared(addresses, lanes, bytes);
        return;
    }
    if (store)
        now.counters.global_store_sectors += sectors(addresses, lanes, bytes);
    else
        now.counters.global_load_sectors += sectors(addresses, lanes, bytes);
    if (now.settings.trace != NULL)
        trace(addresses, lanes, bytes, store);
}

void traffic_bulk(uint64_t address, size_t bytes) {
    now.counters.global_loads++;
    now.counters.global_load_bytes += bytes;
    if (now.settings.skip_traffic)
        return;
    for (uint64_t sector = address / 32; sector <= (address + bytes - 1) / 32; sector++) {
        now.counters.global_load_sectors++;
        const struct emulator_sector found = {now.counters.launches, now.block, sector, 0};
        if (now.settings.trace != NULL)
            now.settings.trace(now.settings.tracer, &found);
    }
}

/* ---- Warps ---- */

/* The notes of one lane that have not been counted. */
struct list {
    const struct note *at, *end;
};

/* How many notes of a lane come before one of this place; many, if there is none soon. */
static unsigned distance(const struct list *list, uint64_t what) {
    enum { SOON = 128 };
    for (unsigned i = 0; i < SOON && list->at + i < list->end; i++)
        if (list->at[i].what == what)
            return i;
    return SOON;
}

/* A lane that comes to the place of another goes first, and else the lower place. */
static bool goes_before(const struct list *a, const struct list *b) {
    const unsigned until_b = distance(a, b->at->what), until_a = distance(b, a->at->what);
    if (until_a != until_b)
        return until_b < until_a;
    const uint64_t place_a = a->at->what & PLACE, place_b = b->at->what & PLACE;
    return place_a != place_b ? place_a < place_b : a->at->what < b->at->what;
}

/* What comes first of the lanes' next notes, or 0 where there are none, or where a lane that can go
 * on has none left: it may still come to a place that others have noted. */
static uint64_t first_of(const struct list *lists, unsigned first_thread, unsigned lanes) {
    const struct list *first = NULL, *latest = NULL;
    for (unsigned lane = 0; lane < lanes; lane++) {
        const struct list *list = &lists[lane];
        if (list->at == list->end) {
            if (threads[first_thread + lane].state == THREAD_READY)
                return 0;
        } else if (first == NULL) {
            first = latest = list;
        } else if (list->at->what != latest->at->what) {
            latest = list;
            if (list->at->what != first->at->what && goes_before(list, first))
                first = list;
        }
    }
    return first == NULL ? 0 : first->at->what;
}

static void count_warp(unsigned first, unsigned lanes) {
    struct list lists[WARP];
    for (unsigned lane = 0; lane < lanes; lane++) {
        lists[lane].at = notes[first + lane];
        lists[lane].end = notes[first + lane] + note_counts[first + lane];
    }
    uint64_t what;
    while ((what = first_of(lists, first, lanes)) != 0) {
        uint64_t addresses[WARP];
        uint32_t together = 0;
        for (unsigned lane = 0; lane < lanes; lane++) {
            struct list *list = &lists[lane];
            if (list->at < list->end && list->at->what == what) {
                addresses[lane] = list->at->address;
                together |= UINT32_C(1) << lane;
                list->at++;
            }
        }
        count(what, addresses, together);
    }
    for (unsigned lane = 0; lane < lanes; lane++) {
        const struct list *list = &lists[lane];
        const size_t left = (size_t)(list->end - list->at);
        if (left > 0 && list->at > notes[first + lane])
            memmove(notes[first + lane], list->at, left * sizeof *list->at);
        note_counts[first + lane] = (unsigned)left;
    }
}

void traffic_count_warp(unsigned warp) {
    const unsigned first = warp * WARP, left = now.threads - first;
    if (!now.settings.skip_traffic)
        count_warp(first, left < WARP ? left : WARP);
}

void traffic_count(void) {
    for (unsigned warp = 0; warp * WARP < now.threads; warp++)
        traffic_count_warp(warp);
}
