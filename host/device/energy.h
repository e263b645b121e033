/* The joules that a GPU has used, as it counts them itself. Only in builds with CUDA. */
#ifndef DENSEBLOCK_HOST_ENERGY_H
#define DENSEBLOCK_HOST_ENERGY_H

#include "device/nvml_library.h"

/* Zeros at first: it is opened when it is read for the first time. */
struct dblk_energy {
    struct dblk_nvml nvml;
    bool initialised;
    nvmlDevice_t board; /* NULL: not open */
};

/* Of CUDA's device `number`, which is the same in all calls: what it has used since its driver was
 * loaded. Otherwise `problem` says why not: DENSEBLOCK_UNSUPPORTED, DENSEBLOCK_OUT_OF_MEMORY,
 * DENSEBLOCK_DEVICE_FAILED. */
denseblock_status dblk_energy_read(struct dblk_energy *energy, int number, double *joules,
                                   struct dblk_problem *problem);

/* Also where it is not open. */
void dblk_energy_close(struct dblk_energy *energy);

#endif
