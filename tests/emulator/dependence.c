/* Launches that overlap: what a kernel may do before it has waited for those ahead of it. They have all
 * ended here, so that nothing goes wrong in the emulator; but on a GPU what they write may not be there
 * yet, and what they read must not be written over.
 *
 * The launches that may still run are taken to be all since the last ordinary one, that one included, of
 * any stream. */
#include "shadow.h"

static moment last_ordinary; /* when it began */

void dependence_begin_launch(void) {
    if (now.launch->dependent)
        now.counters.dependent_launches++;
    else
        last_ordinary = now.launch_start;
}

void dependence_forget_moments(void) {
    last_ordinary = 0;
}

void emulator_dependency_wait(void) {
    now.thread->is_early = false;
}

void dependence_thread_ended(void) {
    if (now.thread->is_early)
        report(EMULATOR_DEPENDENCE, NULL, "a thread never waits for the launches ahead");
}

void dependence_check(const struct region *region, size_t offset, size_t bytes,
                      enum access access, const void *caller) {
    if (access != ACCESS_READ) {
        report(
            EMULATOR_DEPENDENCE, caller,
            "store of %zu bytes at byte %zu of device memory, before the thread has waited for "
            "the launches ahead",
            bytes, offset);
        return;
    }
    bool is_written = false;
    for (size_t at = offset; at < offset + bytes; at++) {
        const struct cell *cell = &region->cells[at / CELL_BYTES];
        is_written = is_written || (cell->written >= last_ordinary && cell->written > 0);
    }
    if (is_written)
        report(
            EMULATOR_DEPENDENCE, caller,
            "load of %zu bytes at byte %zu of device memory, which a launch ahead writes, before "
            "the thread has waited for it",
            bytes, offset);
}
