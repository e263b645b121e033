/* Launches of kernels, and of functions of the host, in streams. */
#include "launches.h"

#include "allocate.h"
#include "calls.h"
#include "device_memory.h"
#include "emulator.h"
#include "machine.h"
#include "report.h"
#include "streams.h"

struct kernel {
    struct double_work base;
    struct emulator_launch launch;
    void (*destroy)(void *closure);
};

static cudaError_t run_kernel(struct double_work *work) {
    double_memory_open_all(true);
    const bool good = emulator_run(&((struct kernel *)work)->launch);
    double_memory_open_all(false);
    return good ? cudaSuccess : cudaErrorIllegalAddress;
}

static void destroy_kernel(struct double_work *work) {
    const struct kernel *kernel = (struct kernel *)work;
    if (kernel->destroy != NULL)
        kernel->destroy(kernel->launch.closure);
    free(work);
}

/* What every device has. */
static bool has_good_sizes(const struct emulator_launch *launch) {
    static const unsigned most_grid[] = {0x7FFFFFFF, 65535, 65535};
    static const unsigned most_block[] = {DOUBLE_BLOCK_THREADS, DOUBLE_BLOCK_THREADS, 64};
    unsigned long threads = 1;
    for (int i = 0; i < 3; i++) {
        const unsigned grid = launch->grid[i], block = launch->block[i];
        if (grid == 0 || grid > most_grid[i] || block == 0 || block > most_block[i])
            return false;
        threads *= block;
    }
    return threads <= DOUBLE_BLOCK_THREADS;
}

static cudaError_t check(const struct emulator_launch *launch, const void *function) {
    if (double_machine.no_image)
        return cudaErrorNoKernelImageForDevice;
    if (!has_good_sizes(launch))
        return cudaErrorInvalidConfiguration;
    if (launch->dependent && double_limits()->capability < 90) {
        double_mistake("%s: launches do not overlap before sm_90", launch->name);
        return cudaErrorNotSupported;
    }
    return launch->shared_bytes > double_function_shared_bytes(function) ? cudaErrorInvalidValue
                                                                         : cudaSuccess;
}

/* The stream, if the current device's work can be put there. */
static cudaError_t find_stream(cudaStream_t handle, struct CUstream_st **stream) {
    const cudaError_t error = double_stream(handle, stream);
    if (error != cudaSuccess || (*stream)->device == double_current_device())
        return error;
    double_mistake("%s: the stream is of device %d, the current one is %d", double_call_name(),
                   (*stream)->device, double_current_device());
    return cudaErrorInvalidResourceHandle;
}

/* *taken: the closure is ours from now on. */
static cudaError_t launch_kernel(const struct emulator_launch *launch, const void *function,
                                 cudaStream_t handle, void (*destroy)(void *closure),
                                 bool *taken) {
    struct CUstream_st *stream = NULL;
    cudaError_t error = find_stream(handle, &stream);
    if (error == cudaSuccess)
        error = check(launch, function);
    if (error != cudaSuccess)
        return error;
    struct kernel *kernel = double_new(sizeof *kernel);
    double_work_begin(&kernel->base, cudaGraphNodeTypeKernel);
    kernel->base.call = launch->name;
    kernel->base.counts = true;
    kernel->base.run = run_kernel;
    kernel->base.destroy = destroy_kernel;
    kernel->launch = *launch;
    kernel->destroy = destroy;
    *taken = true;
    return double_enqueue(stream, &kernel->base);
}

void emulator_enqueue(const struct emulator_launch *launch, const void *function, void *stream,
                      void (*destroy)(void *closure)) {
    bool taken = false;
    cudaError_t error = double_enter("launch", DOUBLE_DEVICE);
    if (error == cudaSuccess)
        error = launch_kernel(launch, function, stream, destroy, &taken);
    (void)double_leave(error);
    if (!taken && destroy != NULL)
        destroy(launch->closure);
}

/* ---- Functions of the host ---- */

struct host_function {
    struct double_work base;
    cudaHostFn_t function;
    void *data;
};

static cudaError_t run_host_function(struct double_work *work) {
    const struct host_function *host = (struct host_function *)work;
    double_run_host_function(host->function, host->data);
    return cudaSuccess;
}

static void destroy_host_function(struct double_work *work) {
    free(work);
}

static cudaError_t launch_host_function(cudaStream_t handle, cudaHostFn_t function, void *data) {
    struct CUstream_st *stream = NULL;
    const cudaError_t error =
        function == NULL ? cudaErrorInvalidValue : double_stream(handle, &stream);
    if (error != cudaSuccess)
        return error;
    struct host_function *host = double_new(sizeof *host);
    double_work_begin(&host->base, cudaGraphNodeTypeHost);
    host->base.counts = true;
    host->base.run = run_host_function;
    host->base.destroy = destroy_host_function;
    host->function = function;
    host->data = data;
    return double_enqueue(stream, &host->base);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
    DOUBLE_CALL(DOUBLE_DEVICE, launch_host_function(stream, function, data));
}
