/* The functions of ptx.h in the emulator: the twins, or wrong ones. Before all headers,
 * CONFORMANCE_ENQUEUE has been defined, which the launches then call. */
#include <stdio.h>
#include <stdlib.h>

#include "conformance_kernels.h"

static bool launch_ended_early;

void CONFORMANCE_ENQUEUE(const struct emulator_launch *launch, const void *, void *,
                         void (*destroy)(void *closure)) {
    launch_ended_early = !emulator_run(launch);
    destroy(launch->closure);
}

/* `strict`: the emulator may have nothing to report. */
static const char *run_emulated(enum conformance_function function, unsigned fragments,
                                const uint32_t *in, uint32_t *out, bool strict) {
    static char reports[2048];
    const size_t bytes = fragments * sizeof(uint32_t) * FRAGMENT_WORDS;
    void *device_in = aligned_alloc(256, bytes), *device_out = aligned_alloc(256, bytes);
    if (device_in == NULL || device_out == NULL)
        abort();
    __builtin_memcpy(device_in, in, bytes);
    __builtin_memcpy(device_out, out, bytes);
    emulator_clear();
    emulator_memory_add(device_in, bytes);
    emulator_memory_add(device_out, bytes);
    emulator_memory_written(device_in, bytes);
    emulator_memory_written(device_out, bytes);
    conformance_launch(function, fragments, static_cast<const uint32_t *>(device_in),
                       static_cast<uint32_t *>(device_out));
    emulator_memory_remove(device_in);
    emulator_memory_remove(device_out);
    const bool reported = launch_ended_early || emulator_count(EMULATOR_FINDINGS) > 0;
    (void)snprintf(reports, sizeof reports, "the emulator reports: %s", emulator_reports());
    emulator_clear();
    __builtin_memcpy(out, device_out, bytes);
    free(device_in);
    free(device_out);
    return strict && reported ? reports : NULL;
}
