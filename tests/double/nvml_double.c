#include "nvml_double.h"

#include <stddef.h>
#include <string.h>

#include "allocate.h"
#include "calls.h"
#include "device/nvml_library.h"
#include "machine.h"
#include "objects.h"
#include "program.h"
#include "report.h"

/* What NVML takes to be a GPU: it has a number, but not CUDA's. */
struct nvmlDevice_st {
    unsigned long long operations;
};
static struct nvmlDevice_st boards[DOUBLE_MOST_DEVICES];

void double_use_energy(int device) {
    boards[device].operations++;
}

void double_forget_energy(void) {
    memset(boards, 0, sizeof boards);
}

static bool is_asked_for(const char *what) {
    return strcmp(double_program_nvml(), what) == 0;
}

bool nvml_double_is_here(void) {
    return !is_asked_for("missing");
}

static nvmlReturn_t status_of(cudaError_t error) {
    switch (error) {
    case cudaErrorMemoryAllocation:
        return NVML_ERROR_MEMORY;
    case cudaErrorNotSupported:
        return NVML_ERROR_NOT_SUPPORTED;
    case cudaErrorNotPermitted:
        return NVML_ERROR_NO_PERMISSION;
    default:
        return NVML_ERROR_UNKNOWN;
    }
}

/* NVML is no part of CUDA: errors that stick there are none here. */
#define NVML_CALL(action)                                                      \
    do {                                                                       \
        const cudaError_t call_error = double_enter(__func__, DOUBLE_NOTHING); \
        const nvmlReturn_t call_result =                                       \
            call_error == cudaSuccess ? (action) : status_of(call_error);      \
        (void)double_leave(cudaSuccess);                                       \
        return call_result;                                                    \
    } while (0)

static nvmlReturn_t init(void) {
    if (double_machine.driver_version < 0)
        return NVML_ERROR_DRIVER_NOT_LOADED;
    struct double_object *use = double_new(sizeof *use);
    use->forget = free;
    double_object_add(use, DOUBLE_NVML_USE);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlInit_v2(void) {
    NVML_CALL(init());
}

static bool is_in_use(void) {
    const bool is = double_object_next(DOUBLE_NVML_USE, NULL) != NULL;
    if (!is)
        double_mistake("%s: NVML is not in use", double_call_name());
    return is;
}

static nvmlReturn_t shut_down(void) {
    if (!is_in_use())
        return NVML_ERROR_UNINITIALIZED;
    double_object_give_back(double_object_next(DOUBLE_NVML_USE, NULL));
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlShutdown(void) {
    const cudaError_t error = double_enter(__func__, DOUBLE_NOTHING);
    const nvmlReturn_t result = error == cudaSuccess ? shut_down() : status_of(error);
    if (error != cudaSuccess)
        double_object_abandon(double_object_next(DOUBLE_NVML_USE, NULL), DOUBLE_NVML_USE);
    (void)double_leave(cudaSuccess);
    return result;
}

static nvmlReturn_t find(const char *bus_id, nvmlDevice_t *board) {
    if (!is_in_use())
        return NVML_ERROR_UNINITIALIZED;
    if (bus_id == NULL || board == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    const int device = double_device_at(bus_id);
    if (device < 0)
        return NVML_ERROR_NOT_FOUND;
    *board = &boards[device];
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device) {
    NVML_CALL(find(bus_id, device));
}

/* For calls with a board and results. */
static nvmlReturn_t check(nvmlDevice_t board, const void *result) {
    if (!is_in_use())
        return NVML_ERROR_UNINITIALIZED;
    int device = 0;
    while (device < double_device_count() && board != &boards[device])
        device++;
    if (device == double_device_count()) {
        double_mistake("%s: no GPU, but %p", double_call_name(), (void *)board);
        return NVML_ERROR_INVALID_ARGUMENT;
    }
    return result != NULL ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t get_mig_mode(nvmlDevice_t board, unsigned *current, unsigned *pending) {
    const nvmlReturn_t result = check(board, current);
    if (result != NVML_SUCCESS || pending == NULL)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (double_machine.compute_capability < 80)
        return NVML_ERROR_NOT_SUPPORTED;
    *current = *pending = is_asked_for("divided") ? 1 : 0;
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
    NVML_CALL(get_mig_mode(device, current, pending));
}

static nvmlReturn_t get_energy(nvmlDevice_t board, unsigned long long *millijoules) {
    const nvmlReturn_t result = check(board, millijoules);
    if (result != NVML_SUCCESS)
        return result;
    if (double_machine.compute_capability < 70 || is_asked_for("old"))
        return NVML_ERROR_NOT_SUPPORTED;
    *millijoules = 1000 * ((unsigned long long)(board - boards + 1) * NVML_DOUBLE_FIRST_JOULES +
                           board->operations * NVML_DOUBLE_OPERATION_JOULES);
    return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device,
                                                 unsigned long long *millijoules) {
    NVML_CALL(get_energy(device, millijoules));
}

const char *nvmlErrorString(nvmlReturn_t result) {
    switch (result) {
    case NVML_SUCCESS:
        return "Success";
    case NVML_ERROR_UNINITIALIZED:
        return "Uninitialized";
    case NVML_ERROR_INVALID_ARGUMENT:
        return "Invalid Argument";
    case NVML_ERROR_NOT_SUPPORTED:
        return "Not Supported";
    case NVML_ERROR_NO_PERMISSION:
        return "Insufficient Permissions";
    case NVML_ERROR_NOT_FOUND:
        return "Not Found";
    case NVML_ERROR_DRIVER_NOT_LOADED:
        return "Driver Not Loaded";
    case NVML_ERROR_MEMORY:
        return "Insufficient Memory";
    default:
        return "Unknown Error";
    }
}

void (*nvml_double_function(const char *name))(void) {
#define FUNCTION(function) {#function, (void (*)(void))(function)},
    static const struct {
        const char *name;
        void (*function)(void);
    } functions[] = {DBLK_NVML_FUNCTIONS(FUNCTION)};
#undef FUNCTION
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
}
