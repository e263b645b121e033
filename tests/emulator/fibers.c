/* Fibers: every thread of a block has a stack of its own, and they take turns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "runtime.h"

/* For x86-64. Saves what a function has to keep, changes stacks, and returns on the other one. */
void fiber_switch(void **save, void *load);
__asm__(".text\n"
        ".type fiber_switch, @function\n"
        "fiber_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_switch, .-fiber_switch\n");

enum { GUARD_BYTES = 4096, SLOT_BYTES = STACK_BYTES + GUARD_BYTES };

static unsigned char *stacks;
static void *scheduler;

struct emulator_index threadIdx;

static void make_stacks(void) {
    const size_t bytes = (size_t)MOST_THREADS * SLOT_BYTES;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    /* cppcheck-suppress invalidFunctionArg; there is no file */
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
        perror("emulator: stacks");
        abort();
    }
    stacks = memory;
    for (size_t i = 0; i < MOST_THREADS; i++)
        (void)mprotect(stacks + i * SLOT_BYTES, GUARD_BYTES, PROT_NONE);
}

void fiber_prepare(struct thread *thread, void (*body)(void)) {
    if (stacks == NULL)
        make_stacks();
    /* Tops a little apart: otherwise the same variable of all threads falls into one set of the
     * cache. */
    unsigned char *top =
        stacks + (size_t)(thread->number + 1) * SLOT_BYTES - (size_t)(thread->number % 16) * 192;
    void **at = (void **)(void *)top;
    *--at = NULL; /* a return address for `body`, which never returns */
    memcpy(--at, &body, sizeof body);
    for (int i = 0; i < 6; i++)
        *--at = NULL;
    thread->stack_pointer = at;
}

uintptr_t fiber_stack(unsigned number) {
    return (uintptr_t)stacks + (size_t)number * SLOT_BYTES + GUARD_BYTES;
}

void fiber_resume(struct thread *thread) {
    now.thread = thread;
    now.stack_low = fiber_stack(thread->number);
    now.number = thread->number;
    now.warp = thread->number / WARP;
    now.lane_bit = UINT32_C(1) << thread->number % WARP;
    threadIdx = thread->index;
    fiber_switch(&scheduler, thread->stack_pointer);
    now.thread = NULL;
}

void fiber_yield(void) {
    fiber_switch(&now.thread->stack_pointer, scheduler);
}

bool fiber_owns(uintptr_t address) {
    return stacks != NULL &&
           address - (uintptr_t)stacks < (uintptr_t)((size_t)MOST_THREADS * SLOT_BYTES);
}

void give_up(void) {
    now.given_up = true;
    fiber_yield();
    abort(); /* it is never resumed */
}
