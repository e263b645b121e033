/* Every GPU of this machine is described, a kernel of this build runs there, and the energy that it
 * takes is counted, or it is told why not. Uses no test library: GPU machines often have none
 * installed. Where DENSEBLOCK_REQUIRE_GPU is set, a machine without a GPU is a failure. */
#include <stdlib.h>
#include <time.h>

#include "denseblock.h"

enum { SKIPPED = 77 };

static double now(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* Copies within the GPU's memory for a second, which is many of the counter's periods; the joules
 * and the seconds from reading to reading. */
static denseblock_status copy_and_count(denseblock_context *context, denseblock_buffers *buffers,
                                        double *joules, double *seconds) {
    enum { BYTES = 1 << 20 };
    static const char zeros[BYTES];
    void *memory = NULL;
    double before = 0;
    denseblock_status status = denseblock_buffers_allocate(
        buffers, context, DENSEBLOCK_MEMORY_DEVICE, (size_t)2 * BYTES, "copies", &memory);
    if (status == DENSEBLOCK_OK)
        status =
            denseblock_copy(context, DENSEBLOCK_UPLOAD, memory, BYTES, zeros, BYTES, BYTES, 1);
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_energy(context, &before);
    const double begin = now();
    *seconds = 0;
    while (status == DENSEBLOCK_OK && *seconds < 1) {
        status = denseblock_copy(context, DENSEBLOCK_WITHIN, (char *)memory + BYTES, BYTES,
                                 memory, BYTES, BYTES, 1);
        if (status == DENSEBLOCK_OK)
            status = denseblock_context_synchronize(context);
        *seconds = now() - begin;
    }
    if (status == DENSEBLOCK_OK)
        status = denseblock_context_energy(context, joules);
    *joules -= before;
    return status;
}

/* Whether what the device said of its energy is so. */
static bool check_energy(int number, const denseblock_device *device) {
    denseblock_context *context = NULL;
    denseblock_buffers *buffers = NULL;
    double joules = 0, seconds = 0;
    if (!device->energy_counted) {
        printf("SKIP: device %d: its energy is not counted: %s\n", number,
               device->energy_problem);
        return true;
    }
    denseblock_status status =
        denseblock_context_create(DENSEBLOCK_BACKEND_CUDA, number, &context);
    if (status == DENSEBLOCK_OK)
        status = denseblock_buffers_create(false, &buffers);
    if (status == DENSEBLOCK_OK)
        status = copy_and_count(context, buffers, &joules, &seconds);
    if (status != DENSEBLOCK_OK)
        printf("FAILED: device %d: its energy: %s\n", number, denseblock_last_error());
    else
        printf("%sdevice %d: its energy is counted: %.3f J in %.3f s of copies\n",
               joules > 0 ? "" : "FAILED: ", number, joules, seconds);
    denseblock_buffers_destroy(buffers);
    denseblock_context_destroy(context);
    return status == DENSEBLOCK_OK && joules > 0;
}

int main(void) {
    denseblock_cuda cuda;
    denseblock_cuda_query(&cuda);
    if (cuda.device_count == 0) {
        const bool required = getenv("DENSEBLOCK_REQUIRE_GPU") != NULL;
        printf("%s: %s\n", required ? "FAILED" : "SKIP", cuda.condition);
        return required ? EXIT_FAILURE : SKIPPED;
    }
    int failures = 0;
    for (int d = 0; d < cuda.device_count; d++) {
        denseblock_device device;
        if (denseblock_device_query(d, &device) != DENSEBLOCK_OK) {
            printf("device %d: %s\n", d, denseblock_last_error());
            failures++;
            continue;
        }
        const bool described = device.name[0] != 0 && device.compute_capability >= 10 &&
                               device.multiprocessors > 0 && device.memory_bytes > 0;
        printf("device %d: %s, sm_%d, %d multiprocessors, %zu bytes; %s\n", d, device.name,
               device.compute_capability, device.multiprocessors, device.memory_bytes,
               device.usable ? "a kernel ran" : device.problem);
        if (!described || !device.usable || !check_energy(d, &device))
            failures++;
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
