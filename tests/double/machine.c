/* The machine that the double plays: how it begins, what it is. */
#include "machine.h"

#include <stdio.h>
#include <string.h>

#include "calls.h"
#include "capture.h"
#include "cudnn_double.h"
#include "device_memory.h"
#include "injection.h"
#include "launches.h"
#include "nvml_double.h"
#include "objects.h"
#include "operations.h"
#include "program.h"
#include "report.h"
#include "streams.h"

struct cuda_double_machine double_machine;
unsigned long long double_seed;
static bool begun;

static void forget(void) {
    double_forget_operations();
    double_forget_captures();
    double_forget_legacy_streams();
    double_forget_objects();
    double_forget_memory();
    double_forget_functions();
    double_forget_cudnn();
    double_forget_energy();
    double_forget_failures();
    double_forget_mistakes();
    double_forget_calls();
}

/* Members that are set in `from` replace those of `machine`. */
static void merge(struct cuda_double_machine *machine, const struct cuda_double_machine *from) {
    if (from->devices != 0)
        machine->devices = from->devices;
    if (from->driver_version != 0)
        machine->driver_version = from->driver_version;
    if (from->compute_capability != 0)
        machine->compute_capability = from->compute_capability;
    if (from->code_capability != 0)
        machine->code_capability = from->code_capability;
    if (from->multiprocessors != 0)
        machine->multiprocessors = from->multiprocessors;
    if (from->memory_bytes != 0)
        machine->memory_bytes = from->memory_bytes;
    if (from->l2_bytes != 0)
        machine->l2_bytes = from->l2_bytes;
    if (from->memory_megahertz != 0)
        machine->memory_megahertz = from->memory_megahertz;
    machine->no_pools = machine->no_pools || from->no_pools;
    machine->no_image = machine->no_image || from->no_image;
    if (from->first_usable != 0)
        machine->first_usable = from->first_usable;
}

static void begin(const struct cuda_double_machine *machine) {
    begun = true;
    forget();
    double_machine = (struct cuda_double_machine){
        .devices = 1,
        .driver_version = CUDART_VERSION,
        .compute_capability = 90,
        .multiprocessors = 132,
        .memory_bytes = (size_t)1 << 30,
        .l2_bytes = (size_t)50 << 20,
        .memory_megahertz = 2619,
    };
    const struct cuda_double_machine environment = double_program_machine();
    merge(&double_machine, machine == NULL ? &environment : machine);
    if (double_machine.devices > DOUBLE_MOST_DEVICES)
        double_machine.devices = DOUBLE_MOST_DEVICES;
    double_seed = double_program_seed();
    if (machine == NULL)
        double_program_fail();
}

void double_begin_once(void) {
    if (!begun)
        begin(NULL);
}

void cuda_double_begin(const struct cuda_double_machine *machine) {
    double_lock();
    begin(machine);
    double_unlock();
}

void cuda_double_seed(unsigned long long seed) {
    double_lock();
    double_seed = seed;
    double_unlock();
}

int double_device_count(void) {
    return double_machine.devices < 0 ? 0 : double_machine.devices;
}

enum { FIRST_BUS = 0xC1, BUSES_APART = 0x10 };

void double_bus_id(int device, char id[DOUBLE_BUS_ID_SIZE]) {
    (void)snprintf(id, DOUBLE_BUS_ID_SIZE, "0000:%02x:00.0",
                   (unsigned)(FIRST_BUS - BUSES_APART * device) % 0x100);
}

int double_device_at(const char *id) {
    char found[DOUBLE_BUS_ID_SIZE];
    for (int device = 0; device < double_device_count(); device++) {
        double_bus_id(device, found);
        if (strcmp(id, found) == 0)
            return device;
    }
    return -1;
}

cudaError_t double_machine_problem(void) {
    /* A driver of the same major version will do. */
    if (double_machine.driver_version / 1000 < CUDART_VERSION / 1000)
        return cudaErrorInsufficientDriver;
    return double_device_count() == 0 ? cudaErrorNoDevice : cudaSuccess;
}

const struct double_limits *double_limits(void) {
    /* Appendix "Compute capabilities" of the CUDA programming guide. Ended by what is taken for
     * all others. */
    static const struct double_limits table[] = {
        {75, 64, 64, 1024, 16},   {80, 164, 163, 2048, 32}, {86, 100, 99, 1536, 16},
        {89, 100, 99, 1536, 24},  {90, 228, 227, 2048, 32}, {100, 228, 227, 2048, 32},
        {120, 100, 99, 1536, 24}, {0, 64, 48, 1024, 16},
    };
    const struct double_limits *limits = table;
    while (limits->capability != 0 && limits->capability != double_machine.compute_capability)
        limits++;
    return limits;
}
