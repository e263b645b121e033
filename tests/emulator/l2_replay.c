#include "l2_replay.h"

#include <stdio.h>
#include <stdlib.h>

struct step {
    uint64_t sector;
    uint32_t written;
};

/* What a block has asked for, and how much of it has been replayed. */
struct block {
    struct step *steps;
    size_t count, capacity, at;
};

struct l2_replay {
    struct l2_model *const *models;
    size_t model_count, resident;
    uint64_t launch;
    struct block *blocks; /* of the launch, by their numbers */
    size_t block_count, block_capacity;
    size_t *running; /* numbers of blocks */
};

static void *grow(void *memory, size_t count, size_t size) {
    void *grown = realloc(memory, count * size);
    if (grown == NULL) {
        perror("replay of accesses");
        abort();
    }
    return grown;
}

struct l2_replay *l2_replay_create(size_t resident, struct l2_model *const *models,
                                   size_t count) {
    struct l2_replay *replay = grow(NULL, 1, sizeof *replay);
    *replay = (struct l2_replay){.models = models, .model_count = count, .resident = resident};
    replay->running = grow(NULL, resident, sizeof *replay->running);
    return replay;
}

static void forget_blocks(struct l2_replay *replay) {
    for (size_t b = 0; b < replay->block_count; b++)
        free(replay->blocks[b].steps);
    replay->block_count = 0;
}

void l2_replay_destroy(struct l2_replay *replay) {
    if (replay == NULL)
        return;
    forget_blocks(replay);
    free(replay->blocks);
    free(replay->running);
    free(replay);
}

static struct block *find_block(struct l2_replay *replay, uint64_t number) {
    if (number >= replay->block_capacity) {
        replay->block_capacity = 2 * (size_t)number + 16;
        replay->blocks = grow(replay->blocks, replay->block_capacity, sizeof *replay->blocks);
    }
    for (; replay->block_count <= number; replay->block_count++)
        replay->blocks[replay->block_count] = (struct block){0};
    return &replay->blocks[number];
}

void l2_replay_trace(void *tracer, const struct emulator_sector *sector) {
    struct l2_replay *replay = tracer;
    if (sector->launch != replay->launch)
        l2_replay_finish(replay);
    replay->launch = sector->launch;
    struct block *block = find_block(replay, sector->block);
    if (block->count == block->capacity) {
        block->capacity = block->capacity == 0 ? 1024 : 2 * block->capacity;
        block->steps = grow(block->steps, block->capacity, sizeof *block->steps);
    }
    block->steps[block->count++] = (struct step){sector->number, sector->written};
}

/* The block's next access. Whether there was one. */
static bool advance(const struct l2_replay *replay, struct block *block) {
    if (block->at == block->count)
        return false;
    const struct step *step = &block->steps[block->at++];
    for (size_t m = 0; m < replay->model_count; m++)
        l2_access(replay->models[m], step->sector, step->written);
    return true;
}

void l2_replay_finish(struct l2_replay *replay) {
    size_t next = 0, running = 0;
    do {
        while (running < replay->resident && next < replay->block_count)
            replay->running[running++] = next++;
        size_t still = 0;
        for (size_t i = 0; i < running; i++)
            if (advance(replay, &replay->blocks[replay->running[i]]))
                replay->running[still++] = replay->running[i];
        running = still;
    } while (running > 0 || next < replay->block_count);
    forget_blocks(replay);
}
