/* cp.async: copies to shared memory that arrive when they are waited for, or at once. The thread's
 * destination is in flight from the copy to the wait either way. */
#include <stdio.h>
#include <stdlib.h>

#include "mbarriers.h"
#include "memory.h"
#include "traffic.h"

static void land(const struct async_copy *copy) {
    memcpy(copy->shared, copy->global, copy->valid);
    memset((unsigned char *)copy->shared + copy->valid, 0, copy->bytes - copy->valid);
}

static void keep(struct thread *self, const struct async_copy *copy) {
    if (self->copy_count == self->copy_capacity) {
        self->copy_capacity = self->copy_capacity == 0 ? 32 : 2 * self->copy_capacity;
        self->copies = realloc(self->copies, self->copy_capacity * sizeof *self->copies);
        if (self->copies == NULL) {
            perror("emulator: asynchronous copies");
            abort();
        }
    }
    self->copies[self->copy_count++] = *copy;
}

static void check_operands(uintptr_t to, uintptr_t from, size_t bytes, size_t valid,
                           const void *caller) {
    if (to % bytes != 0 || from % bytes != 0) {
        report(EMULATOR_MISALIGNED, caller,
               "asynchronous copy of %zu bytes, %s at no multiple of it", bytes,
               to % bytes != 0 ? "to shared memory" : "from device memory");
        give_up();
    }
    if (valid > bytes) {
        report(EMULATOR_OUT_OF_BOUNDS, caller,
               "asynchronous copy of %zu bytes, %zu of them valid", bytes, valid);
        give_up();
    }
}

void emulator_async_copy(void *shared, const void *global, size_t bytes, size_t valid) {
    const void *caller = EMULATOR_CALLER;
    const uintptr_t to = (uintptr_t)shared, from = (uintptr_t)global;
    check_operands(to, from, bytes, valid, caller);
    if (valid > 0) {
        const struct region *source = memory_locate(from, valid, ACCESS_READ, caller);
        if (source == NULL || source->is_shared) {
            report(EMULATOR_OUT_OF_BOUNDS, caller,
                   "asynchronous copy from what is not device memory");
            give_up();
        }
        memory_access(from, valid, ACCESS_READ, false, caller);
    }
    if (memory_locate(to, bytes, ACCESS_WRITE, caller) != &shared_region) {
        report(EMULATOR_OUT_OF_BOUNDS, caller, "asynchronous copy to what is not shared memory");
        give_up();
    }
    memory_access(to, bytes, ACCESS_WRITE, true, caller);
    shadow_set_bits(shared_region.in_flight, to - shared_low, bytes, true);
    now.in_flight++;
    now.counters.async_copies++;
    const struct async_copy copy = {shared, global, (unsigned)bytes, (unsigned)valid, 0, 0,
                                    0,      false};
    keep(now.thread, &copy);
    if (now.settings.early_copies)
        land(&copy);
}

void emulator_async_commit(void) {
    struct thread *self = now.thread;
    self->groups++;
    for (size_t i = self->copy_count; i > 0 && self->copies[i - 1].group == 0; i--)
        self->copies[i - 1].group = self->groups;
}

void emulator_async_wait(unsigned groups_in_flight) {
    struct thread *self = now.thread;
    size_t kept = 0;
    for (size_t i = 0; i < self->copy_count; i++) {
        const struct async_copy *copy = &self->copies[i];
        if (copy->group == 0 || copy->group + groups_in_flight > self->groups) {
            self->copies[kept++] = *copy;
            continue;
        }
        if (!now.settings.early_copies && !copy->landed)
            land(copy);
        const size_t offset = (uintptr_t)copy->shared - shared_low;
        if (copy->arrival != 0) {
            mbarriers_deliver_to_thread(copy->mbarrier, offset, copy->bytes, copy->landed);
            continue;
        }
        shadow_set_bits(shared_region.in_flight, offset, copy->bytes, false);
        shadow_note_write(&shared_region, offset, copy->bytes, self->number);
        now.in_flight--;
    }
    self->copy_count = kept;
}

/* ---- Copies that an mbarrier counts ---- */

unsigned async_copies_join(unsigned arrival, unsigned mbarrier) {
    struct thread *self = now.thread;
    unsigned joined = 0;
    size_t kept = 0;
    for (size_t i = 0; i < self->copy_count; i++) {
        struct async_copy *copy = &self->copies[i];
        if (copy->landed) /* and the thread has not waited for it by itself */
            continue;
        if (copy->arrival == 0) {
            copy->arrival = arrival;
            copy->mbarrier = mbarrier;
            joined++;
        }
        self->copies[kept++] = *copy;
    }
    self->copy_count = kept;
    return joined;
}

void async_copies_land(unsigned thread, unsigned arrival) {
    const struct thread *self = &threads[thread];
    for (size_t i = 0; i < self->copy_count; i++) {
        struct async_copy *copy = &self->copies[i];
        if (copy->arrival != arrival)
            continue;
        if (!now.settings.early_copies)
            land(copy);
        copy->landed = true;
        mbarriers_landed(copy->mbarrier, (uintptr_t)copy->shared - shared_low, copy->bytes);
    }
}
