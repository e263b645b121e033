#include "device/energy.h"

#include <cuda_runtime_api.h>
#include <stdio.h>

#include "device/device.h"

/* NVML and CUDA number GPUs differently, and CUDA_VISIBLE_DEVICES is CUDA's alone: they agree about
 * the place on the bus. */
static denseblock_status find_board(struct dblk_energy *energy, int number,
                                    struct dblk_problem *problem) {
    enum { ID_SIZE = 32 };
    char id[ID_SIZE];
    const cudaError_t error = cudaDeviceGetPCIBusId(id, ID_SIZE, number);
    if (error != cudaSuccess) {
        (void)cudaGetLastError();
        (void)snprintf(problem->text, sizeof problem->text, "cudaDeviceGetPCIBusId failed: %s",
                       cudaGetErrorString(error));
        return DENSEBLOCK_DEVICE_FAILED;
    }
    return dblk_nvml_check(&energy->nvml,
                           energy->nvml.nvmlDeviceGetHandleByPciBusId_v2(id, &energy->board),
                           "nvmlDeviceGetHandleByPciBusId", problem);
}

/* A part of a GPU has the place on the bus of the whole, and the counter is of the whole. */
static denseblock_status check_whole(const struct dblk_energy *energy, int number,
                                     struct dblk_problem *problem) {
    unsigned divided = 0, pending = 0;
    const nvmlReturn_t result =
        energy->nvml.nvmlDeviceGetMigMode(energy->board, &divided, &pending);
    if (result == NVML_ERROR_NOT_SUPPORTED) /* this GPU cannot be divided */
        return DENSEBLOCK_OK;
    if (result != NVML_SUCCESS || divided == 0)
        return dblk_nvml_check(&energy->nvml, result, "nvmlDeviceGetMigMode", problem);
    (void)snprintf(problem->text, sizeof problem->text,
                   "GPU %d is divided (MIG), and counts the energy of all its parts together",
                   number);
    return DENSEBLOCK_UNSUPPORTED;
}

static denseblock_status open_parts(struct dblk_energy *energy, int number,
                                    struct dblk_problem *problem) {
    denseblock_status status = dblk_nvml_load(&energy->nvml, problem);
    if (status == DENSEBLOCK_OK)
        status = dblk_nvml_check(&energy->nvml, energy->nvml.nvmlInit_v2(), "nvmlInit", problem);
    if (status != DENSEBLOCK_OK)
        return status;
    energy->initialised = true;
    status = find_board(energy, number, problem);
    return status == DENSEBLOCK_OK ? check_whole(energy, number, problem) : status;
}

denseblock_status dblk_energy_read(struct dblk_energy *energy, int number, double *joules,
                                   struct dblk_problem *problem) {
    unsigned long long millijoules = 0;
    denseblock_status status = DENSEBLOCK_OK;
    *joules = 0;
    if (energy->board == NULL)
        status = open_parts(energy, number, problem);
    if (status != DENSEBLOCK_OK) {
        dblk_energy_close(energy);
        return status;
    }
    const nvmlReturn_t result =
        energy->nvml.nvmlDeviceGetTotalEnergyConsumption(energy->board, &millijoules);
    if (result == NVML_ERROR_NOT_SUPPORTED) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "GPU %d does not count its energy: those from Volta on do, unless they "
                       "are virtual ones",
                       number);
        return DENSEBLOCK_UNSUPPORTED;
    }
    *joules = (double)millijoules / 1e3;
    return dblk_nvml_check(&energy->nvml, result, "nvmlDeviceGetTotalEnergyConsumption", problem);
}

void dblk_energy_close(struct dblk_energy *energy) {
    if (energy->initialised)
        (void)energy->nvml.nvmlShutdown(); /* nobody is left to be told of an error */
    dblk_nvml_unload(&energy->nvml);
    *energy = (struct dblk_energy){.board = NULL};
}
