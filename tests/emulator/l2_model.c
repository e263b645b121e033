#include "l2_model.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECTORS = L2_LINE_BYTES / L2_SECTOR_BYTES };
#define WHOLE UINT32_MAX /* all bytes of a sector */

/* Lines are numbered from 1; 0 is none, and stands for both ends of the list of use. */
struct line {
    uint64_t number;           /* address / 128 */
    uint32_t newer, older;     /* in the order of use */
    uint32_t next;             /* in the same bucket */
    uint32_t present[SECTORS]; /* bytes that the cache has */
    bool dirty[SECTORS];
};

struct l2_model {
    struct line *lines; /* lines[0].older is the newest, lines[0].newer the oldest */
    uint32_t *buckets;
    uint32_t count, used;
    unsigned bucket_bits;
    struct l2_traffic traffic;
};

static void *allocate(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        perror("model of the L2 cache");
        abort();
    }
    return memory;
}

struct l2_model *l2_create(size_t bytes) {
    struct l2_model *l2 = allocate(1, sizeof *l2);
    l2->count = (uint32_t)(bytes / L2_LINE_BYTES);
    if (l2->count == 0)
        l2->count = 1;
    l2->lines = allocate((size_t)l2->count + 1, sizeof *l2->lines);
    l2->bucket_bits = 1;
    while (UINT32_C(1) << l2->bucket_bits < l2->count)
        l2->bucket_bits++;
    l2->buckets = allocate((size_t)1 << l2->bucket_bits, sizeof *l2->buckets);
    return l2;
}

void l2_destroy(struct l2_model *l2) {
    if (l2 == NULL)
        return;
    free(l2->lines);
    free(l2->buckets);
    free(l2);
}

/* ---- Where a line is ---- */

static uint32_t *bucket_of(const struct l2_model *l2, uint64_t number) {
    return &l2->buckets[number * UINT64_C(0x9E3779B97F4A7C15) >> (64 - l2->bucket_bits)];
}

static uint32_t find(const struct l2_model *l2, uint64_t number) {
    uint32_t line = *bucket_of(l2, number);
    while (line != 0 && l2->lines[line].number != number)
        line = l2->lines[line].next;
    return line;
}

static void forget(const struct l2_model *l2, uint32_t line) {
    uint32_t *place = bucket_of(l2, l2->lines[line].number);
    while (*place != line)
        place = &l2->lines[*place].next;
    *place = l2->lines[line].next;
}

/* ---- The order of use ---- */

static void take_out(const struct l2_model *l2, uint32_t line) {
    struct line *lines = l2->lines;
    lines[lines[line].newer].older = lines[line].older;
    lines[lines[line].older].newer = lines[line].newer;
}

static void put_first(const struct l2_model *l2, uint32_t line) {
    struct line *lines = l2->lines;
    lines[line].newer = 0;
    lines[line].older = lines[0].older;
    lines[lines[0].older].newer = line;
    lines[0].older = line;
}

/* ---- Memory ---- */

static void complete(struct l2_model *l2, struct line *line, int sector) {
    if (line->present[sector] != WHOLE)
        l2->traffic.read += L2_SECTOR_BYTES;
    line->present[sector] = WHOLE;
}

static void write_sector(struct l2_model *l2, struct line *line, int sector) {
    if (!line->dirty[sector])
        return;
    complete(l2, line, sector);
    l2->traffic.written += L2_SECTOR_BYTES;
    line->dirty[sector] = false;
}

static void empty(struct l2_model *l2, struct line *line) {
    for (int sector = 0; sector < SECTORS; sector++) {
        write_sector(l2, line, sector);
        line->present[sector] = 0;
    }
}

/* A line for this number: a new one, or the one that was not used for longest. */
static uint32_t make_room(struct l2_model *l2, uint64_t number) {
    uint32_t line = l2->used + 1;
    if (l2->used < l2->count) {
        l2->used++;
    } else {
        line = l2->lines[0].newer;
        empty(l2, &l2->lines[line]);
        forget(l2, line);
        take_out(l2, line);
    }
    uint32_t *bucket = bucket_of(l2, number);
    l2->lines[line].number = number;
    l2->lines[line].next = *bucket;
    *bucket = line;
    put_first(l2, line);
    return line;
}

void l2_access(struct l2_model *l2, uint64_t sector, uint32_t written) {
    uint32_t found = find(l2, sector / SECTORS);
    if (found == 0) {
        found = make_room(l2, sector / SECTORS);
    } else {
        take_out(l2, found);
        put_first(l2, found);
    }
    struct line *line = &l2->lines[found];
    const int in_line = (int)(sector % SECTORS);
    if (written == 0) {
        complete(l2, line, in_line);
    } else {
        line->present[in_line] |= written;
        line->dirty[in_line] = true;
    }
}

void l2_write_back(struct l2_model *l2, uint64_t first_sector, uint64_t count) {
    for (uint32_t line = 1; line <= l2->used; line++)
        for (int in_line = 0; in_line < SECTORS; in_line++)
            if (l2->lines[line].number * SECTORS + (uint64_t)in_line - first_sector < count)
                write_sector(l2, &l2->lines[line], in_line);
}

uint64_t l2_unwritten(const struct l2_model *l2) {
    uint64_t bytes = 0;
    for (uint32_t line = 1; line <= l2->used; line++)
        for (int sector = 0; sector < SECTORS; sector++)
            bytes += l2->lines[line].dirty[sector] ? L2_SECTOR_BYTES : 0;
    return bytes;
}

struct l2_traffic l2_traffic(const struct l2_model *l2) {
    return l2->traffic;
}
