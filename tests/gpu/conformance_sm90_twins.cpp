/* The kernels in the emulator, which may have nothing to report. */
/* Launches of this file, apart from the runtime double's, with which the rehearsal is linked. */
#define emulator_enqueue sm90_enqueue_twins
#define emulated_launch  sm90_launch_twins
#include "sm90_kernels.cu"

#include "conformance_sm90.h"

#include <stdio.h>
#include <stdlib.h>

void emulator_enqueue(const struct emulator_launch *launch, const void *, void *,
                      void (*destroy)(void *closure)) {
    (void)emulator_run(launch);
    destroy(launch->closure);
}

enum { MOST_PIECES = 8 };
static void *pieces[MOST_PIECES];
static int piece_count;

static void *give(const void *from, size_t bytes) {
    void *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (piece_count == MOST_PIECES || memory == NULL)
        abort();
    pieces[piece_count++] = memory;
    __builtin_memcpy(memory, from, bytes);
    emulator_memory_add(memory, bytes);
    emulator_memory_written(memory, bytes);
    return memory;
}

static const char *finish(void) {
    static char reports[2048];
    if (emulator_count(EMULATOR_FINDINGS) == 0)
        return NULL;
    (void)snprintf(reports, sizeof reports, "the emulator reports: %s", emulator_reports());
    emulator_clear();
    return reports;
}

static void take(void *to, const void *memory, size_t bytes) {
    __builtin_memcpy(to, memory, bytes);
}

static void clear(void) {
    while (piece_count > 0) {
        emulator_memory_remove(pieces[--piece_count]);
        free(pieces[piece_count]);
    }
}

extern "C" {
extern const struct sm90_side sm90_twins = {
    "twins", give, finish, take, clear, sm90_wgmma, sm90_wgmma_groups, sm90_copy, sm90_pairs};
}
