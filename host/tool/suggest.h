/* "Did you mean ...?" */
#ifndef TOOL_SUGGEST_H
#define TOOL_SUGGEST_H

#include <stddef.h>

/* The candidate that `word` most likely misspells, or NULL where none is near. */
const char *suggest(const char *word, const char *const *candidates, size_t count);

#endif
