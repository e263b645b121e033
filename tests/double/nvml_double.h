/* A stand-in for NVML on the runtime double: the functions that the library asks for. Its energy is
 * that of the work that has been done: nothing in idle time. */
#ifndef TESTS_DOUBLE_NVML_DOUBLE_H
#define TESTS_DOUBLE_NVML_DOUBLE_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What every device had used before anything ran, device 0 once, the next one twice, and so on; and
 * what each operation that runs there uses. */
enum { NVML_DOUBLE_FIRST_JOULES = 1000, NVML_DOUBLE_OPERATION_JOULES = 2 };

/* An operation runs on the device. */
void double_use_energy(int device);

void double_forget_energy(void);

/* Whether the machine has one, and the function of that name; NULL: there is none. */
bool nvml_double_is_here(void);
void (*nvml_double_function(const char *name))(void);

#ifdef __cplusplus
}
#endif

#endif
