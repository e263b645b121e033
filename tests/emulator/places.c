/* Where in the source a code address is: asks addr2line, which knows the inlined functions too. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "runtime.h"

/* addr2line knows addresses as they are in the file. */
static uintptr_t base;
static char module_path[4096];

static void note_module(const struct dl_phdr_info *module) {
    base = module->dlpi_addr;
    snprintf(module_path, sizeof module_path, "%s", module->dlpi_name);
    if (module_path[0] == 0) { /* the program */
        const ssize_t length = readlink("/proc/self/exe", module_path, sizeof module_path - 1);
        module_path[length < 0 ? 0 : length] = 0;
    }
}

/* Functions that kernels' words are made of: what is wanted is who called them. */
static bool is_ours(const char *path) {
    const char *name = strrchr(path, '/');
    name = name == NULL ? path : name + 1;
    return strncmp(name, "emulated_", 9) == 0 || strncmp(name, "cuda_", 5) == 0;
}

/* The reading end of what it prints, or NULL. */
static FILE *start_addr2line(const char *address, pid_t *process) {
    int ends[2];
    if (pipe(ends) != 0)
        return NULL;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    const char *const arguments[] = {"addr2line", "-i", "-e", module_path, address, NULL};
    char *modifiable[sizeof arguments / sizeof *arguments];
    memcpy(modifiable, arguments, sizeof modifiable); /* posix_spawn does not change them */
    const int error = posix_spawnp(process, "addr2line", &actions, NULL, modifiable, environ);
    posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    FILE *result = error == 0 ? fdopen(ends[0], "r") : NULL;
    if (result == NULL)
        (void)close(ends[0]);
    return result;
}

const char *source_place(const void *caller) {
    static char place[256];
    static const void *known;
    if (caller == known)
        return place;
    known = caller;
    snprintf(place, sizeof place, "an unknown place");

    if (module_path[0] == 0)
        own_module(note_module);
    char address[32], line[4096];
    /* The call is ahead of where it returns to. */
    snprintf(address, sizeof address, "%#zx", (size_t)((uintptr_t)caller - base - 1));
    pid_t process = -1;
    FILE *lines = start_addr2line(address, &process);
    if (lines == NULL)
        return place;
    bool found = false;
    while (fgets(line, sizeof line, lines) != NULL) {
        line[strcspn(line, " \n")] = 0; /* (discriminator 2) */
        if (found || line[0] == '?')
            continue;
        const char *name = strrchr(line, '/');
        snprintf(place, sizeof place, "%.200s", name == NULL ? line : name + 1);
        found = !is_ours(line);
    }
    (void)fclose(lines);
    (void)waitpid(process, NULL, 0);
    return place;
}
