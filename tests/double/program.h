/* The environment of a whole program that is linked with the double:
 *
 *   CUDA_DOUBLE_DEVICES, CUDA_DOUBLE_DRIVER, CUDA_DOUBLE_CAPABILITY, CUDA_DOUBLE_MULTIPROCESSORS,
 *   CUDA_DOUBLE_MEMORY, CUDA_DOUBLE_L2 (bytes), CUDA_DOUBLE_MEMORY_MEGAHERTZ,
 *   CUDA_DOUBLE_NO_POOLS=1, CUDA_DOUBLE_NO_IMAGE=1   the machine, as cuda_double_machine has it;
 *                                                    0 devices are none
 *   CUDA_DOUBLE_SEED          a number, as cuda_double_seed takes it
 *   CUDA_DOUBLE_FAIL          function:n:error, with the error's number; "any" is every function
 *   CUDA_DOUBLE_CUDNN         "packed": cuDNN's engines take only packed outputs and no fused ReLU;
 *                             "gapless": neither those nor inputs with gaps; "none": it has none
 *   CUDA_DOUBLE_CUDNN_VERSION its version, as cudnnGetVersion gives it
 *   CUDA_DOUBLE_NVML          "missing": there is none; "old": GPUs do not count their energy;
 *                             "divided": they are in MIG mode
 *   CUDA_DOUBLE_STRICT=1      what was not given back, the mistakes of the host and the emulator's
 *                             reports go to stderr as the program ends, with status 99 */
#ifndef TESTS_DOUBLE_PROGRAM_H
#define TESTS_DOUBLE_PROGRAM_H

#include "cuda_double.h"

struct cuda_double_machine double_program_machine(void);
unsigned long long double_program_seed(void);

/* Of cuDNN: "" where nothing is asked for, and the version, or otherwise `built`. */
const char *double_program_cudnn(void);
size_t double_program_cudnn_version(size_t built);

/* Of NVML; "" where nothing is asked for. */
const char *double_program_nvml(void);

/* Sets the failure that the environment asks for. */
void double_program_fail(void);

#endif
