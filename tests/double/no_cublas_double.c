/* Where the build has not found cuBLAS's header. */
#include <stddef.h>

#include "cublas_double.h"

void cublas_double_version(int major) {
    (void)major;
}

void (*cublas_double_function(const char *name))(void) {
    (void)name;
    return NULL;
}
