/* Every GPU of this machine is described, and a kernel of this build runs there. Uses no test
 * library: GPU machines often have none installed. Where DENSEBLOCK_REQUIRE_GPU is set, a machine
 * without a GPU is a failure. */
#include <stdlib.h>

#include "denseblock.h"

enum { SKIPPED = 77 };

int main(void) {
    denseblock_cuda cuda;
    denseblock_cuda_query(&cuda);
    if (cuda.device_count == 0) {
        const bool required = getenv("DENSEBLOCK_REQUIRE_GPU") != NULL;
        printf("%s: %s\n", required ? "FAILED" : "SKIP", cuda.condition);
        return required ? EXIT_FAILURE : SKIPPED;
    }
    int failures = 0;
    for (int d = 0; d < cuda.device_count; d++) {
        denseblock_device device;
        if (denseblock_device_query(d, &device) != DENSEBLOCK_OK) {
            printf("device %d: %s\n", d, denseblock_last_error());
            failures++;
            continue;
        }
        const bool described = device.name[0] != 0 && device.compute_capability >= 10 &&
                               device.multiprocessors > 0 && device.memory_bytes > 0;
        printf("device %d: %s, sm_%d, %d multiprocessors, %zu bytes; %s\n", d, device.name,
               device.compute_capability, device.multiprocessors, device.memory_bytes,
               device.usable ? "a kernel ran" : device.problem);
        if (!described || !device.usable)
            failures++;
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
