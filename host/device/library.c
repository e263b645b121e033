#include "device/library.h"

#include <dlfcn.h>
#include <stddef.h>

void *dblk_library_open(const char *const *names) {
    void *library = NULL;
    for (; *names != NULL && library == NULL; names++)
        library = dlopen(*names, RTLD_LAZY | RTLD_LOCAL);
    return library;
}

void dblk_library_close(void *library) {
    (void)dlclose(library);
}

/* dlsym gives a void *, which ISO C does not turn into a function pointer; POSIX does. */
void dblk_library_function(void *library, const char *name, void *function) {
    *(void **)function = dlsym(library, name);
}
