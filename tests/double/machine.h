/* The machine that the double plays. */
#ifndef TESTS_DOUBLE_MACHINE_H
#define TESTS_DOUBLE_MACHINE_H

#include "cuda_double.h"

enum { DOUBLE_MOST_DEVICES = 8 };

/* With no member left zero that has a default. */
extern struct cuda_double_machine double_machine;

/* How many devices the host is shown. */
int double_device_count(void);

/* A device's place on the PCI bus, "0000:c1:00.0", and the device there; -1: none. The first device
 * has the last place: who looks for devices along the bus finds them in another order. */
enum { DOUBLE_BUS_ID_SIZE = 13 };
void double_bus_id(int device, char id[DOUBLE_BUS_ID_SIZE]);
int double_device_at(const char *id);

/* Why there is no device to be used, or cudaSuccess. */
cudaError_t double_machine_problem(void);

/* The limits of a compute capability. */
struct double_limits {
    int capability;
    int shared_kilobytes;       /* of a multiprocessor */
    int block_shared_kilobytes; /* most of a block */
    int threads, blocks;        /* of a multiprocessor */
};
const struct double_limits *double_limits(void);

enum { DOUBLE_SHARED_BYTES = 48 * 1024, DOUBLE_BLOCK_THREADS = 1024 };

/* A number without end, for choices. Not 0: they are random. */
extern unsigned long long double_seed;

/* Begins with the machine of the environment, if nothing has begun. */
void double_begin_once(void);

#endif
