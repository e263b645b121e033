/* The environment of a whole program that is linked with the double. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocate.h"
#include "emulator.h"
#include "injection.h"

enum { STRICT_STATUS = 99 };

static long long number(const char *name, long long otherwise) {
    const char *text = getenv(name);
    return text == NULL || text[0] == 0 ? otherwise : strtoll(text, NULL, 10);
}

struct cuda_double_machine double_program_machine(void) {
    /* In the structure, 0 is the default. */
    const int devices = (int)number("CUDA_DOUBLE_DEVICES", 1);
    const int driver = (int)number("CUDA_DOUBLE_DRIVER", CUDART_VERSION);
    return (struct cuda_double_machine){
        .devices = devices > 0 ? devices : -1,
        .driver_version = driver > 0 ? driver : -1,
        .compute_capability = (int)number("CUDA_DOUBLE_CAPABILITY", 0),
        .multiprocessors = (int)number("CUDA_DOUBLE_MULTIPROCESSORS", 0),
        .memory_bytes = (size_t)number("CUDA_DOUBLE_MEMORY", 0),
        .l2_bytes = (size_t)number("CUDA_DOUBLE_L2", 0),
        .memory_megahertz = (int)number("CUDA_DOUBLE_MEMORY_MEGAHERTZ", 0),
        .no_pools = number("CUDA_DOUBLE_NO_POOLS", 0) != 0,
        .no_image = number("CUDA_DOUBLE_NO_IMAGE", 0) != 0,
    };
}

unsigned long long double_program_seed(void) {
    return (unsigned long long)number("CUDA_DOUBLE_SEED", 0);
}

const char *double_program_cudnn(void) {
    const char *text = getenv("CUDA_DOUBLE_CUDNN");
    return text == NULL ? "" : text;
}

size_t double_program_cudnn_version(size_t built) {
    return (size_t)number("CUDA_DOUBLE_CUDNN_VERSION", (long long)built);
}

const char *double_program_nvml(void) {
    const char *text = getenv("CUDA_DOUBLE_NVML");
    return text == NULL ? "" : text;
}

void double_program_fail(void) {
    const char *text = getenv("CUDA_DOUBLE_FAIL");
    if (text == NULL || text[0] == 0)
        return;
    char *copy = double_checked(strdup(text)), *rest = NULL;
    const char *function = strtok_r(copy, ":", &rest), *n = strtok_r(NULL, ":", &rest);
    const char *error = strtok_r(NULL, ":", &rest);
    if (error == NULL) {
        (void)fprintf(stderr, "CUDA_DOUBLE_FAIL is not function:n:error, but '%s'\n", text);
        exit(STRICT_STATUS);
    }
    double_fail(strcmp(function, "any") == 0 ? NULL : function, strtol(n, NULL, 10),
                (cudaError_t)strtol(error, NULL, 10));
    free(copy);
}

/* After the handlers of atexit, so that what they give back is no leak. */
__attribute__((destructor)) static void report_at_the_end(void) {
    if (number("CUDA_DOUBLE_STRICT", 0) == 0)
        return;
    const char *const leaks = cuda_double_leaks();
    const char *const mistakes = cuda_double_mistakes();
    const char *const reports = emulator_reports();
    if (leaks[0] == 0 && mistakes[0] == 0 && reports[0] == 0)
        return;
    (void)fflush(NULL);
    (void)fprintf(stderr, "runtime double: not given back:\n%s", leaks);
    (void)fprintf(stderr, "runtime double: mistakes:\n%s", mistakes);
    (void)fprintf(stderr, "emulator: reports:\n%s", reports);
    _exit(STRICT_STATUS);
}
