/* Device memory out of one arena, with room around every piece. */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Wide enough that an index that overflows 32 bits still falls into it, where nothing can be read. */
static const size_t ARENA_BYTES = (size_t)1 << 35;
enum { GAP = 1 << 16, MOST_PIECES = 256 };

static unsigned char *arena;
static size_t used;
static struct {
    void *memory;
    size_t bytes;
} pieces[MOST_PIECES];
static size_t piece_count;

void *device_memory(size_t bytes) {
    if (arena == NULL) {
        const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        /* cppcheck-suppress invalidFunctionArg; there is no file */
        void *memory = mmap(NULL, ARENA_BYTES, PROT_NONE, flags, -1, 0);
        if (memory == MAP_FAILED) {
            perror("arena");
            abort();
        }
        arena = memory;
        used = ARENA_BYTES / 2;
    }
    unsigned char *memory = arena + used;
    used += (bytes + GAP - 1) / GAP * GAP + GAP;
    if (piece_count == MOST_PIECES || used > ARENA_BYTES ||
        mprotect(memory, bytes, PROT_READ | PROT_WRITE) != 0) {
        perror("device memory");
        abort();
    }
    emulator_memory_add(memory, bytes);
    pieces[piece_count].memory = memory;
    pieces[piece_count++].bytes = bytes;
    return memory;
}

void *device_filled(size_t bytes, uint32_t value) {
    unsigned char *memory = device_memory(bytes);
    for (size_t i = 0; i + sizeof value <= bytes; i += sizeof value)
        memcpy(memory + i, &value, sizeof value);
    emulator_memory_written(memory, bytes);
    return memory;
}

void *device_copy(const void *from, size_t bytes) {
    void *memory = device_memory(bytes);
    memcpy(memory, from, bytes);
    emulator_memory_written(memory, bytes);
    return memory;
}

void device_reset(void) {
    for (size_t i = 0; i < piece_count; i++) {
        emulator_memory_remove(pieces[i].memory);
        (void)madvise(pieces[i].memory, pieces[i].bytes, MADV_DONTNEED);
        (void)mprotect(pieces[i].memory, pieces[i].bytes, PROT_NONE);
    }
    piece_count = 0;
    used = ARENA_BYTES / 2;
}

uint32_t random_word(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

float random_float(uint64_t *state) {
    return (float)(random_word(state) >> 8) * 0x1p-23f - 1.0f;
}

void emulator_enqueue(const struct emulator_launch *launch, const void *function, void *stream,
                      void (*destroy)(void *closure)) {
    (void)function;
    (void)stream;
    (void)emulator_run(launch);
    destroy(launch->closure);
}
