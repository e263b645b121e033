/* The twins, as the emulator has them. */
/* Launches of this file, apart from those of others and from the runtime double's, with which the
 * rehearsal is linked. */
#define emulator_enqueue    CONFORMANCE_ENQUEUE
#define emulated_launch     conformance_launch_twins
#define CONFORMANCE_ENQUEUE conformance_enqueue_twins
#include "conformance_emulated.h"

static const char *run(enum conformance_function function, unsigned fragments, const uint32_t *in,
                       uint32_t *out) {
    return run_emulated(function, fragments, in, out, true);
}

extern const struct conformance_side conformance_twins = {"twins", run};
