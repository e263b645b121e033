/* What the parts of the emulator share: the launch that runs, its threads, the block's clock. */
#ifndef TESTS_EMULATOR_RUNTIME_H
#define TESTS_EMULATOR_RUNTIME_H

#include "emulated_device.h"
#include "emulator.h"

#define EMULATOR_LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define EMULATOR_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define EMULATOR_CALLER              __builtin_return_address(0)

enum { WARP = 32, MOST_THREADS = 1024, MOST_WARPS = MOST_THREADS / WARP };
enum { MOST_SHARED_BYTES = 227 * 1024 };

/* ---- Threads ---- */

enum thread_state {
    THREAD_READY,
    THREAD_AT_BARRIER,
    THREAD_AT_NAMED_BARRIER,
    THREAD_AT_MBARRIER,
    THREAD_AT_WARP,
    THREAD_AT_WARPGROUP, /* its warp has come, others of the warpgroup have not */
    THREAD_ENDED
};

struct async_copy {
    void *shared;
    const void *global;
    unsigned bytes, valid;
    unsigned group;   /* 0: not committed yet */
    unsigned arrival; /* that waits for it, of an mbarrier; or 0 */
    unsigned mbarrier;
    bool landed; /* and the mbarrier has been told */
};

struct thread {
    void *stack_pointer; /* of the fiber, while it does not run */
    struct emulator_index index;
    unsigned number; /* in the block */
    enum thread_state state;

    /* What it waits for. */
    int site;
    const void *caller;
    struct warp_call *call;
    unsigned waits_for, parity; /* the mbarrier */

    /* What it has copied asynchronously and not waited for. */
    struct async_copy *copies;
    size_t copy_count, copy_capacity;
    unsigned groups; /* committed so far */

    bool registers_watched;
    bool is_early; /* of a dependent launch, and has not waited for those ahead */
};

/* ---- What runs ---- */

/* The clock ticks at every barrier, of blocks or warps, so that two moments tell which barriers
 * lie between. Cells of shadow memory keep such moments. */
typedef uint32_t moment;

struct runtime {
    struct thread *thread; /* NULL: host code runs */
    uintptr_t stack_low;   /* of this thread */
    unsigned number, warp; /* of this thread */
    uint32_t lane_bit;

    moment clock;
    moment launch_start, block_start, barrier; /* the last one */
    /* Copies that have not been delivered, and mbarriers: whether an access to shared memory may
     * come upon one. */
    unsigned in_flight;
    unsigned products;      /* of warpgroups, that are not complete */
    bool registers_watched; /* of this thread, which multiplies with its warpgroup */
    bool ordering;          /* order.h keeps who knows what, since a moment */
    moment ordering_since;

    const struct emulator_launch *launch;
    unsigned threads; /* of a block */
    bool given_up;    /* the block, by an error that cannot be gone on from */
    uint64_t block;   /* of the grid */
    struct emulator_settings settings;
    struct emulator_counters counters;
};
extern struct runtime now;

/* The threads of the block. */
extern struct thread threads[MOST_THREADS];

/* Random bits, which the seed decides; with seed 0 there shall be the order as it is. */
uint64_t emulator_random_bits(void);

/* ---- Fibers ---- */

enum { STACK_BYTES = 128 * 1024 };

void fiber_prepare(struct thread *thread, void (*body)(void));
/* From the scheduler to a thread, until it yields; and back. */
void fiber_resume(struct thread *thread);
void fiber_yield(void);
/* Where the stack of a thread begins. */
uintptr_t fiber_stack(unsigned number);
/* Whether an address is in the stack of some thread. */
bool fiber_owns(uintptr_t address);

/* Ends the block: something happened that it cannot go on from. */
_Noreturn void give_up(void);

/* ---- Barriers ---- */

void barriers_begin_block(void);
/* Nobody can go on. */
void barriers_report_deadlock(void);

/* ---- Warps ---- */

void warps_begin_block(void);
/* The lanes that there are. */
uint32_t warps_existing(unsigned warp);
void warps_thread_ended(void);
/* Whether the warp's barriers order what lane `before` did at a moment before what `after` does
 * now. */
bool warps_ordered(unsigned warp, unsigned before, moment when, unsigned after);
/* What the threads that wait at a warp's call are about to do. */
const char *warps_name(const struct warp_call *call);

/* ---- Launches that overlap ---- */

void dependence_begin_launch(void);
void dependence_forget_moments(void);
void dependence_thread_ended(void);

/* ---- Reports ---- */

void report(enum emulator_finding kind, const void *caller, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reports_begin_launch(void);
/* "file.cu:12", static memory. */
const char *source_place(const void *caller);

#endif
