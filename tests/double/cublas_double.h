/* A stand-in for cuBLAS on the runtime double: the functions that the library asks for, with their
 * arguments taken as NVIDIA documents them. */
#ifndef TESTS_DOUBLE_CUBLAS_DOUBLE_H
#define TESTS_DOUBLE_CUBLAS_DOUBLE_H

#ifdef __cplusplus
extern "C" {
#endif

/* The major version that it gives. 0: as its header. */
void cublas_double_version(int major);

/* The function of that name; NULL: there is none, or no cuBLAS in this build. */
void (*cublas_double_function(const char *name))(void);

#ifdef __cplusplus
}
#endif

#endif
