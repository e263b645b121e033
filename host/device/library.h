/* Shared libraries that are looked for when they are needed, so that a program starts without them.
 * The tests put a double of these functions in their place. */
#ifndef DENSEBLOCK_HOST_LIBRARY_H
#define DENSEBLOCK_HOST_LIBRARY_H

/* The first of the files (NULL ends them) that the dynamic linker finds; NULL: none. */
void *dblk_library_open(const char *const *names);

void dblk_library_close(void *library);

/* `function` is the address of a function pointer, which becomes that of the name; NULL if the
 * library has none. */
void dblk_library_function(void *library, const char *name, void *function);

#endif
