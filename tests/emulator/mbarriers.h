/* mbarriers, and what they count: arrivals of threads, and bytes of bulk copies. */
#ifndef TESTS_EMULATOR_MBARRIERS_H
#define TESTS_EMULATOR_MBARRIERS_H

#include "runtime.h"

void mbarriers_begin_block(void);
/* All threads have ended: has everything been waited for? */
void mbarriers_end_block(void);

/* Nobody can go on: what is under way arrives, one thing at a time. Whether there was something. */
bool mbarriers_let_arrive(void);

/* What a thread waits for there, in static memory. */
const char *mbarriers_describe(const struct thread *thread);

/* Whether one of these bytes of shared memory is part of an mbarrier. */
bool mbarriers_include(size_t offset, size_t bytes);

/* A copy of cp.async has landed that an mbarrier counts; it has to be waited for there. */
void mbarriers_landed(unsigned mbarrier, size_t offset, size_t bytes);
/* The thread that copied has waited itself, and now has what an mbarrier would have delivered. */
void mbarriers_deliver_to_thread(unsigned number, size_t offset, size_t bytes, bool landed);

/* ---- Asynchronous copies (async_copies.c) ---- */

/* The thread's copies that no mbarrier counts yet now belong to an arrival. How many there are. */
unsigned async_copies_join(unsigned arrival, unsigned mbarrier);
/* Those of an arrival land. */
void async_copies_land(unsigned thread, unsigned arrival);

#endif
