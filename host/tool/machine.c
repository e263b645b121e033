#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "denseblock.h"

const char *cpu_model(char model[CPU_MODEL_SIZE]) {
    static const char key[] = "model name";
    char line[CPU_MODEL_SIZE + 32];
    FILE *list = fopen("/proc/cpuinfo", "r");

    (void)snprintf(model, CPU_MODEL_SIZE, "unknown");
    if (list == NULL)
        return model;
    while (fgets(line, sizeof line, list) != NULL) {
        const char *value = strchr(line, ':');

        if (strncmp(line, key, strlen(key)) != 0 || value == NULL)
            continue;
        value += strspn(value, ": \t");
        (void)snprintf(model, CPU_MODEL_SIZE, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    (void)fclose(list); /* nothing was written */
    return model;
}

long hardware_threads(void) {
    const long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 ? count : 1;
}

const char *kernels_text(void) {
    const char *const isa = denseblock_build_info()->isa;

    return isa != NULL ? isa : "none: DENSEBLOCK_ISA asks for what is not here";
}
