#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Linux' list of processors; other systems have none, and not every architecture names it. */
static const char LIST[] = "/proc/cpuinfo";
static const char KEY[] = "model name";

const char *machine_cpu_model(char model[CPU_MODEL_SIZE]) {
    char line[CPU_MODEL_SIZE + 32];
    FILE *list = fopen(LIST, "r");

    (void)snprintf(model, CPU_MODEL_SIZE, "unknown");
    if (list == NULL)
        return model;
    while (fgets(line, sizeof line, list) != NULL) {
        const char *value = strchr(line, ':');

        if (strncmp(line, KEY, strlen(KEY)) != 0 || value == NULL)
            continue;
        value += strspn(value, ": \t");
        (void)snprintf(model, CPU_MODEL_SIZE, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    (void)fclose(list); /* nothing was written */
    return model;
}

long machine_thread_count(void) {
    const long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count > 0 ? count : 1;
}
