/* Instructions of sm_90a that CUDA C++ has no function for, as functions: barriers in shared
 * memory, bulk copies, products by warpgroups. tests/emulator/emulated_ptx_sm90.h has the twins. */
#ifndef DENSEBLOCK_CUDA_PTX_SM90_H
#define DENSEBLOCK_CUDA_PTX_SM90_H

#include <stdint.h>

#include "kernel_language.h"

#ifdef DENSEBLOCK_EMULATED
#include "emulated_ptx_sm90.h"
#endif

#endif
