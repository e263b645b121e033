/* Device memory and pinned memory: what there is, and who may use it. */
#include "device_memory.h"

#include <string.h>

#include "address_space.h"
#include "allocate.h"
#include "calls.h"
#include "emulator.h"
#include "machine.h"
#include "report.h"

/* NaN in every floating-point type, and a negative number in every signed integer. */
enum { DEVICE_GARBAGE = 0xFF, PINNED_GARBAGE = 0xA5 };

/* All that there ever was, by address: addresses only grow. */
static struct double_memory **memories;
static size_t count, capacity;

static size_t in_use[DOUBLE_MOST_DEVICES], total, peak;

struct double_memory *double_memory_find(const void *address) {
    const char *wanted = address;
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (memories[middle]->address + memories[middle]->bytes <= wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && memories[low]->address <= wanted ? memories[low] : NULL;
}

static void forget_memory(void *object) {
    struct double_memory *memory = object;
    double_memory_vanish(memory);
    double_operation_release(memory->allocation);
    free(memory);
}

cudaError_t double_memory_new(size_t bytes, bool pinned, struct double_memory **memory) {
    *memory = NULL;
    if (bytes == 0)
        return cudaSuccess;
    const int device = double_current_device();
    if (!pinned && bytes > double_machine.memory_bytes - in_use[device])
        return cudaErrorMemoryAllocation;
    char *address = double_space_take(bytes, pinned ? PINNED_GARBAGE : DEVICE_GARBAGE);
    if (address == NULL)
        return cudaErrorMemoryAllocation;
    struct double_memory *new = double_new(sizeof *new);
    *new = (struct double_memory){
        .object = {.bytes = bytes, .forget = forget_memory},
        .address = address,
        .bytes = bytes,
        .device = device,
        .pinned = pinned,
    };
    double_object_add(&new->object, pinned ? DOUBLE_PINNED_MEMORY : DOUBLE_DEVICE_MEMORY);
    if (count == capacity) {
        capacity = 2 * capacity + 16;
        memories = double_grow(memories, capacity * sizeof(struct double_memory *));
    }
    memories[count++] = new;
    if (pinned) {
        double_space_open(address, bytes, true);
    } else {
        in_use[device] += bytes;
        total += bytes;
        peak = total > peak ? total : peak;
    }
    *memory = new;
    return cudaSuccess;
}

void double_memory_appear(struct double_memory *memory) {
    emulator_memory_add(memory->address, memory->bytes);
    memory->there = true;
}

void double_memory_vanish(struct double_memory *memory) {
    if (memory->there)
        emulator_memory_remove(memory->address);
    memory->there = false;
}

void double_memory_drop(struct double_memory *memory) {
    double_memory_vanish(memory);
    double_space_drop(memory->address, memory->bytes);
    memory->dropped = true;
}

void double_memory_give_back(struct double_memory *memory) {
    double_object_give_back(&memory->object);
    if (memory->pinned)
        return;
    in_use[memory->device] -= memory->bytes;
    total -= memory->bytes;
}

struct double_memory *double_memory_to_free(void *address, bool pinned) {
    struct double_memory *memory = double_memory_find(address);
    const char *call = double_call_name();
    if (memory == NULL)
        double_mistake("%s: %p was never allocated", call, address);
    else if (memory->object.gone)
        double_mistake("%s: %p was freed before", call, address);
    else if (memory->pinned != pinned)
        double_mistake("%s: %p is %s memory", call, address, pinned ? "device" : "pinned");
    else if (memory->address != address)
        double_mistake("%s: %p is no beginning of memory", call, address);
    else
        return memory;
    return NULL;
}

void double_memory_abandon(void *address) {
    struct double_memory *memory = double_memory_find(address);
    if (memory != NULL)
        memory->object.abandoned = true;
}

struct double_span double_memory_span(const struct double_memory *memory) {
    return (struct double_span){.begin = memory->address, .bytes = memory->bytes};
}

bool double_memory_usable(struct double_span span, const char *call) {
    const struct double_memory *memory = double_memory_find(span.begin);
    if (span.bytes == 0 || memory == NULL) /* pageable memory */
        return true;
    const char *kind = memory->pinned ? "pinned" : "device";
    if (memory->pinned ? memory->object.gone : !memory->there) {
        double_mistake("%s: runs with %s memory %ld, which is not there%s", call, kind,
                       memory->object.number, memory->object.gone ? " any more" : " yet");
        return false;
    }
    return true;
}

void double_memory_open(struct double_span span, bool open) {
    const struct double_memory *memory = double_memory_find(span.begin);
    if (memory != NULL && !memory->pinned && span.bytes > 0)
        double_space_open(memory->address, memory->bytes, open);
}

void double_memory_open_all(bool open) {
    for (size_t i = 0; i < count; i++)
        if (memories[i]->there)
            double_space_open(memories[i]->address, memories[i]->bytes, open);
}

static void check_order(struct double_operation *operation, struct double_span span) {
    const struct double_memory *memory = double_memory_find(span.begin);
    if (span.bytes == 0 || memory == NULL)
        return;
    const char *call = operation->work->call;
    const long number = memory->object.number;
    if (memory->object.gone)
        double_mistake("%s: uses %s memory %ld, which was freed", call,
                       memory->pinned ? "pinned" : "device", number);
    else if (!double_is_before(memory->allocation, operation))
        double_mistake("%s: uses device memory %ld, which another stream allocates: nothing "
                       "waits for that",
                       call, number);
}

void double_memory_check_order(struct double_operation *operation) {
    check_order(operation, operation->work->reads);
    check_order(operation, operation->work->writes);
}

void double_forget_memory(void) {
    free(memories);
    memories = NULL;
    count = capacity = 0;
    memset(in_use, 0, sizeof in_use);
    total = peak = 0;
    double_forget_space();
}

size_t cuda_double_memory(void) {
    double_lock();
    const size_t bytes = total;
    double_unlock();
    return bytes;
}

size_t cuda_double_memory_peak(void) {
    double_lock();
    const size_t bytes = peak;
    double_unlock();
    return bytes;
}

static cudaError_t get_info(size_t *free_bytes, size_t *total_bytes) {
    if (free_bytes == NULL || total_bytes == NULL)
        return cudaErrorInvalidValue;
    *free_bytes = double_machine.memory_bytes - in_use[double_current_device()];
    *total_bytes = double_machine.memory_bytes;
    return double_stuck();
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes) {
    DOUBLE_CALL(DOUBLE_DEVICE, get_info(free_bytes, total_bytes));
}
