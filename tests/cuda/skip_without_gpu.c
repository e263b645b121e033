/* Before any test runs: where there is no GPU that this build can use, the suite is skipped, or has
 * failed where DENSEBLOCK_REQUIRE_GPU is set. */
#include <stdlib.h>

#include "denseblock.h"

__attribute__((constructor)) static void skip_without_gpu(void) {
    if (denseblock_backend_check(DENSEBLOCK_BACKEND_CUDA) == DENSEBLOCK_OK)
        return;
    const bool required = getenv("DENSEBLOCK_REQUIRE_GPU") != NULL;
    printf("%s: %s\n", required ? "FAILED" : "SKIP", denseblock_last_error());
    (void)fflush(stdout);
    _Exit(required ? EXIT_FAILURE : 77);
}
