/* Runs the blocks of a launch one after the other, and the threads of each in turns, in orders that
 * the seed decides. */
#include <stdio.h>

#include "mbarriers.h"
#include "memory.h"
#include "order.h"
#include "traffic.h"
#include "warpgroups.h"

struct runtime now = {.settings = {.most_reports = 0}};
struct thread threads[MOST_THREADS];
struct emulator_index blockIdx, blockDim, gridDim;

void emulator_set(const struct emulator_settings *settings) {
    now.settings = *settings;
}

void emulator_count_work(struct emulator_counters *counters) {
    *counters = now.counters;
}

void emulator_clear_counters(void) {
    now.counters = (struct emulator_counters){0};
}

/* ---- Orders ---- */

static uint64_t random_state;

/* splitmix64 */
uint64_t emulator_random_bits(void) {
    uint64_t z = random_state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* The numbers below `count`, each once: first, first + step, ... modulo count. */
struct order {
    uint64_t count, at, step;
};

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Seed 0 has the numbers as they are. */
static struct order random_order(uint64_t count) {
    if (now.settings.seed == 0 || count == 1)
        return (struct order){count, 0, 1};
    uint64_t step = emulator_random_bits() % count;
    while (common_divisor(step, count) != 1)
        step = (step + 1) % count;
    return (struct order){count, emulator_random_bits() % count, step};
}

static uint64_t next(struct order *order) {
    const uint64_t result = order->at;
    const uint64_t left = order->count - order->at;
    order->at = order->step < left ? order->at + order->step : order->step - left;
    return result;
}

/* ---- A block ---- */

static void run_thread(void) {
    now.launch->body(now.launch->closure);
    dependence_thread_ended();
    now.thread->state = THREAD_ENDED;
    warpgroups_thread_ended();
    warps_thread_ended();
    fiber_yield();
}

static void prepare_threads(void) {
    const unsigned *size = now.launch->block;
    struct thread *thread = threads;
    for (unsigned z = 0; z < size[2]; z++)
        for (unsigned y = 0; y < size[1]; y++)
            for (unsigned x = 0; x < size[0]; x++, thread++) {
                thread->number = (unsigned)(thread - threads);
                thread->index = (struct emulator_index){x, y, z};
                thread->state = THREAD_READY;
                thread->copy_count = 0;
                thread->groups = 0;
                thread->is_early = now.launch->dependent;
                fiber_prepare(thread, run_thread);
            }
}

/* Gives every thread that can go on its turn. Whether there was one. */
static bool run_once(void) {
    bool ran = false;
    struct order order = random_order(now.threads);
    for (unsigned i = 0; i < now.threads; i++) {
        struct thread *thread = &threads[next(&order)];
        if (thread->state != THREAD_READY)
            continue;
        ran = true;
        fiber_resume(thread);
        if (now.given_up)
            return false;
    }
    traffic_count();
    return ran;
}

static bool all_ended(void) {
    for (unsigned i = 0; i < now.threads; i++)
        if (threads[i].state != THREAD_ENDED)
            return false;
    return true;
}

static bool run_block(uint64_t number) {
    const unsigned *grid = now.launch->grid;
    now.block = number;
    blockIdx.x = (unsigned)(number % grid[0]);
    blockIdx.y = (unsigned)(number / grid[0] % grid[1]);
    blockIdx.z = (unsigned)(number / grid[0] / grid[1]);
    now.block_start = now.barrier = ++now.clock;
    now.given_up = false;
    now.counters.blocks++;
    memory_begin_block(now.launch->shared_bytes);
    barriers_begin_block();
    warps_begin_block();
    traffic_begin_block();
    order_begin_block();
    mbarriers_begin_block();
    warpgroups_begin_block();
    prepare_threads();
    while (run_once() || (!now.given_up && mbarriers_let_arrive())) {
    }
    if (!now.given_up && !all_ended()) {
        barriers_report_deadlock();
        now.given_up = true;
    } else if (!now.given_up) {
        mbarriers_end_block();
        warpgroups_end_block();
    }
    return !now.given_up;
}

/* ---- A launch ---- */

static bool check_launch(const struct emulator_launch *launch) {
    const unsigned *grid = launch->grid, *block = launch->block;
    const uint64_t block_threads = (uint64_t)block[0] * block[1] * block[2];
    const char *problem = NULL;
    if (grid[0] == 0 || grid[1] == 0 || grid[2] == 0 || block_threads == 0)
        problem = "a size is 0";
    else if (grid[0] > INT32_MAX || grid[1] > UINT16_MAX || grid[2] > UINT16_MAX)
        problem = "the grid is too large";
    else if (block[0] > MOST_THREADS || block[1] > MOST_THREADS || block[2] > 64 ||
             block_threads > MOST_THREADS)
        problem = "the block is too large";
    else if (launch->shared_bytes > MOST_SHARED_BYTES)
        problem = "too much shared memory";
    if (problem != NULL)
        report(EMULATOR_BAD_LAUNCH, NULL,
               "%s: grid (%u,%u,%u), block (%u,%u,%u), %zu bytes of shared memory", problem,
               grid[0], grid[1], grid[2], block[0], block[1], block[2], launch->shared_bytes);
    return problem == NULL;
}

bool emulator_run(const struct emulator_launch *launch) {
    now.launch = launch;
    reports_begin_launch();
    now.counters.launches++;
    if (!check_launch(launch))
        return false;
    if (now.clock > UINT32_MAX / 2) {
        memory_forget_moments();
        order_forget_moments();
        now.clock = 0;
        dependence_forget_moments();
    }
    now.launch_start = ++now.clock;
    dependence_begin_launch();
    now.threads = launch->block[0] * launch->block[1] * launch->block[2];
    blockDim = (struct emulator_index){launch->block[0], launch->block[1], launch->block[2]};
    gridDim = (struct emulator_index){launch->grid[0], launch->grid[1], launch->grid[2]};
    random_state = now.settings.seed;
    const uint64_t blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
    struct order order = random_order(blocks);
    bool fine = true;
    for (uint64_t i = 0; i < blocks && (fine || now.settings.keep_going); i++)
        fine = run_block(next(&order)) && fine;
    return fine;
}
