/* What every call does first and last. Everything inside the double runs between the two, with the
 * lock held. */
#ifndef TESTS_DOUBLE_CALLS_H
#define TESTS_DOUBLE_CALLS_H

#include "cuda_double.h"

enum double_need {
    DOUBLE_NOTHING, /* only asks about versions */
    DOUBLE_DRIVER,  /* works after an error that has stuck */
    DOUBLE_DEVICE,
    DOUBLE_UNSAFE /* needs a device, and is forbidden during capture */
};

/* cudaSuccess: the call may do its work. */
cudaError_t double_enter(const char *function, enum double_need need);

/* Makes `error` the thread's last one, and returns it. */
cudaError_t double_leave(cudaError_t error);

/* The whole of a function of the runtime whose work is `action`. */
#define DOUBLE_CALL(need, action)                                \
    do {                                                         \
        cudaError_t double_error = double_enter(__func__, need); \
        if (double_error == cudaSuccess)                         \
            double_error = (action);                             \
        return double_leave(double_error);                       \
    } while (0)

/* The call that runs now. */
const char *double_call_name(void);

/* For functions of the double itself. */
void double_lock(void);
void double_unlock(void);

/* Host functions in streams are not to call the runtime. */
void double_run_host_function(cudaHostFn_t function, void *data);

/* The error that has stuck, or cudaSuccess. */
cudaError_t double_stuck(void);
void double_stick(cudaError_t error);

/* Of the calling thread. */
int double_current_device(void);
void double_set_current_device(int device);
enum cudaStreamCaptureMode *double_capture_mode(void);

void double_forget_calls(void);

#endif
