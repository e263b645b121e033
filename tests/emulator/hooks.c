/* What the compiler calls ahead of every load and store of code that is compiled with
 * -fsanitize=thread. Only kernels are looked at: host code of the same file has no thread of a block
 * that runs. */
#include "memory.h"

/* GCC knows these names, but their prototypes are nowhere. */
#define HOOK(name, bytes, access, aligned)                                              \
    void __tsan_##name(void *address);                                                  \
    void __tsan_##name(void *address) {                                                 \
        if (now.thread != NULL)                                                         \
            memory_access((uintptr_t)address, bytes, access, aligned, EMULATOR_CALLER); \
    }
#define HOOKS(bytes)                                         \
    HOOK(read##bytes, bytes, ACCESS_READ, true)              \
    HOOK(write##bytes, bytes, ACCESS_WRITE, true)            \
    HOOK(unaligned_read##bytes, bytes, ACCESS_READ, false)   \
    HOOK(unaligned_write##bytes, bytes, ACCESS_WRITE, false) \
    HOOK(volatile_read##bytes, bytes, ACCESS_READ, true)     \
    HOOK(volatile_write##bytes, bytes, ACCESS_WRITE, true)
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)

#define RANGE_HOOK(name, access)                                                     \
    void __tsan_##name(void *address, size_t bytes);                                 \
    void __tsan_##name(void *address, size_t bytes) {                                \
        if (now.thread != NULL)                                                      \
            memory_access_range((uintptr_t)address, bytes, access, EMULATOR_CALLER); \
    }
RANGE_HOOK(read_range, ACCESS_READ)
RANGE_HOOK(write_range, ACCESS_WRITE)

/* Of no interest. */
void __tsan_init(void);
void __tsan_init(void) {
}
void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller) {
    (void)caller;
}
void __tsan_func_exit(void);
void __tsan_func_exit(void) {
}
void __tsan_vptr_update(void **place, void *value);
void __tsan_vptr_update(void **place, void *value) {
    (void)place;
    (void)value;
}

/* ---- The functions of emulated_access.h ---- */

struct emulator_bits emulator_load(const void *from, size_t bytes) {
    if (now.thread != NULL)
        memory_access((uintptr_t)from, bytes, ACCESS_READ, true, EMULATOR_CALLER);
    struct emulator_bits value = {0, 0};
    memcpy(&value, from, bytes);
    return value;
}

void emulator_store(void *to, size_t bytes, struct emulator_bits value) {
    if (now.thread != NULL)
        memory_access((uintptr_t)to, bytes, ACCESS_WRITE, true, EMULATOR_CALLER);
    memcpy(to, &value, bytes);
}

uint64_t emulator_atomic_begin(void *address, size_t bytes) {
    if (now.thread != NULL)
        memory_access((uintptr_t)address, bytes, ACCESS_ATOMIC, true, EMULATOR_CALLER);
    uint64_t value = 0;
    memcpy(&value, address, bytes);
    return value;
}

void emulator_atomic_end(void *address, size_t bytes, uint64_t value) {
    memcpy(address, &value, bytes);
}

void emulator_copy(void *to, const void *from, size_t bytes) {
    if (now.thread != NULL) {
        memory_access_range((uintptr_t)from, bytes, ACCESS_READ, EMULATOR_CALLER);
        memory_access_range((uintptr_t)to, bytes, ACCESS_WRITE, EMULATOR_CALLER);
    }
    memcpy(to, from, bytes);
}

void emulator_fill(void *to, int value, size_t bytes) {
    if (now.thread != NULL)
        memory_access_range((uintptr_t)to, bytes, ACCESS_WRITE, EMULATOR_CALLER);
    memset(to, value, bytes);
}
