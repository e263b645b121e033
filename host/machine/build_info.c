/* What this library was built from and with. The DENSEBLOCK_BUILD_* macros come from CMake. */
#include "backends/cpu/instruction_set.h"
#include "denseblock.h"

#define TEXT_OF(macro) #macro
#define TEXT(macro)    TEXT_OF(macro)

int denseblock_version(void) {
    return DENSEBLOCK_VERSION;
}

const char *denseblock_version_string(void) {
    return TEXT(DENSEBLOCK_VERSION_MAJOR) "." TEXT(DENSEBLOCK_VERSION_MINOR) "." TEXT(
        DENSEBLOCK_VERSION_PATCH);
}

/* Of a thread, since the environment may have changed between two calls. */
static _Thread_local denseblock_build build = {
    .compiler = DENSEBLOCK_BUILD_COMPILER,
#ifdef DENSEBLOCK_BUILD_CUDA
    .cuda_compiler = DENSEBLOCK_BUILD_CUDA_COMPILER,
    .cuda_architectures = DENSEBLOCK_BUILD_CUDA_ARCHITECTURES,
#endif
#ifdef _OPENMP
    .openmp = true,
#endif
#ifdef DENSEBLOCK_BUILD_NVTX
    .nvtx = true,
#endif
};

const denseblock_build *denseblock_build_info(void) {
    const struct dblk_kernels *kernels;
    const denseblock_status status = dblk_kernels_find(DENSEBLOCK_F32, &kernels);
    build.isa = status == DENSEBLOCK_OK ? kernels->name : NULL;
    return &build;
}
