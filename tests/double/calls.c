/* What every call does first and last: the lock, failures on purpose, errors that stick, rules of
 * capture, the last error. */
#include "calls.h"

#include <pthread.h>

#include "capture.h"
#include "injection.h"
#include "machine.h"
#include "report.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static cudaError_t stuck;
static const char *name = "";

/* Counts the beginnings, so that threads know that what they remember is of an earlier one. */
static unsigned long beginning;

static _Thread_local struct thread {
    unsigned long beginning;
    int device;
    cudaError_t last_error;
    enum cudaStreamCaptureMode mode;
    bool inside;           /* has the lock */
    bool in_host_function; /* that a stream runs, which has the lock */
} this_thread;

static struct thread *thread(void) {
    if (this_thread.beginning != beginning)
        this_thread = (struct thread){.beginning = beginning,
                                      .mode = cudaStreamCaptureModeGlobal,
                                      .inside = this_thread.inside,
                                      .in_host_function = this_thread.in_host_function};
    return &this_thread;
}

void double_lock(void) {
    if (this_thread.in_host_function)
        return;
    (void)pthread_mutex_lock(&lock);
    this_thread.inside = true;
    double_begin_once();
}

void double_unlock(void) {
    if (this_thread.in_host_function)
        return;
    this_thread.inside = false;
    (void)pthread_mutex_unlock(&lock);
}

bool cuda_double_is_inside(void) {
    return this_thread.inside && !this_thread.in_host_function;
}

static bool corrupts(cudaError_t error) {
    switch (error) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
        return true;
    default:
        return false;
    }
}

static cudaError_t missing(enum double_need need) {
    if (need == DOUBLE_NOTHING)
        return cudaSuccess;
    const cudaError_t error = double_machine_problem();
    return error == cudaSuccess && need >= DOUBLE_DEVICE ? stuck : error;
}

cudaError_t double_enter(const char *function, enum double_need need) {
    double_lock();
    if (this_thread.in_host_function) {
        double_mistake("%s was called by a host function of a stream", function);
        return cudaErrorNotPermitted;
    }
    name = function;
    const cudaError_t wanted = double_count(function);
    if (corrupts(wanted))
        stuck = wanted;
    if (wanted != cudaSuccess)
        return wanted;
    const cudaError_t error = missing(need);
    return error != cudaSuccess || need != DOUBLE_UNSAFE ? error : double_capture_allows();
}

cudaError_t double_leave(cudaError_t error) {
    /* "Not ready" is an answer. */
    if (error != cudaSuccess && error != cudaErrorNotReady)
        thread()->last_error = error;
    double_unlock();
    return error;
}

const char *double_call_name(void) {
    return name;
}

void double_run_host_function(cudaHostFn_t function, void *data) {
    struct thread *self = thread();
    self->in_host_function = true;
    function(data);
    self->in_host_function = false;
}

cudaError_t double_stuck(void) {
    return stuck;
}

void double_stick(cudaError_t error) {
    if (stuck == cudaSuccess)
        stuck = error;
}

int double_current_device(void) {
    return thread()->device;
}

void double_set_current_device(int device) {
    thread()->device = device;
}

enum cudaStreamCaptureMode *double_capture_mode(void) {
    return &thread()->mode;
}

void double_forget_calls(void) {
    stuck = cudaSuccess;
    beginning++;
}

cudaError_t cudaPeekAtLastError(void) {
    double_lock();
    const cudaError_t error = stuck != cudaSuccess ? stuck : thread()->last_error;
    double_unlock();
    return error;
}

cudaError_t cudaGetLastError(void) {
    double_lock();
    const cudaError_t error = stuck != cudaSuccess ? stuck : thread()->last_error;
    thread()->last_error = cudaSuccess;
    double_unlock();
    return error;
}
