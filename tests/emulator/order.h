/* Which accesses come before others, where barriers order only some threads of a block: a vector
 * clock for every thread. It says up to which moment the thread knows what each of the others has
 * done. What one does after it has told of a moment is at that moment or later, because the clock
 * ticks whenever somebody tells.
 *
 * All this is only kept in blocks that have used an mbarrier or a named barrier (now.ordering), and
 * of what lies before the last barrier of the whole block nothing has to be known. */
#ifndef TESTS_EMULATOR_ORDER_H
#define TESTS_EMULATOR_ORDER_H

#include "shadow.h"

/* Who writes: threads by their numbers, and then asynchronous copies, those together that one
 * mbarrier counts: bulk copies, and copies of cp.async. */
enum {
    MOST_BARRIERS = 64,
    WRITER_BULK = MOST_THREADS,
    WRITER_COPIES = WRITER_BULK + MOST_BARRIERS,
    MOST_WRITERS = WRITER_COPIES + MOST_BARRIERS
};

static inline bool is_asynchronous(unsigned writer) {
    return writer >= MOST_THREADS;
}

/* What is known: of everyone, all before a moment. Those that copy come first, so that small blocks
 * need only the beginning. */
struct knowledge {
    moment before[MOST_WRITERS];
};

void order_begin_block(void);
/* From now on, in this block. */
void order_begin(void);
/* The clock begins anew. */
void order_forget_moments(void);

/* Whether a thread knows what a writer did at a moment. */
bool order_knows(unsigned thread, unsigned writer, moment when);
/* Whether all of a warpgroup do. */
bool order_group_knows(unsigned first_thread, unsigned writer, moment when);

/* The thread tells what it has done and what it knows. */
void order_release(unsigned thread, struct knowledge *to);
void order_acquire(unsigned thread, const struct knowledge *from);
void order_forget(struct knowledge *knowledge);
/* That a writer has done something before a moment. */
void order_tell(struct knowledge *knowledge, unsigned writer, moment before);
void order_tell_thread(unsigned thread, unsigned writer, moment before);

/* A barrier of some threads: they know what each of them knew. `includes` is asked for all. */
void order_meet(bool (*includes)(unsigned thread));
/* Of lanes of a warp, at a moment. */
void order_meet_lanes(unsigned warp, uint32_t lanes, moment when);

/* ---- Reads of shared memory: all that a later write has to come after ---- */

/* Thread now.number has read a cell; all lanes of its warp have. */
void order_note_read(size_t cell);
void order_note_warp_read(size_t cell);
/* Whether all reads since the last barrier come before what thread now.number does. */
bool order_knows_reads(size_t cell);

#endif
