/* An emulator that only remembers what was written, and runs a kernel's body once for the whole
 * grid: enough to test the double by itself. */
#include "stub_emulator.h"

#include <stdlib.h>
#include <string.h>

#include "emulator.h"

enum { MOST = 4096 };
static struct piece {
    unsigned char *address, *written;
    size_t bytes;
} pieces[MOST];

bool stub_emulator_fails;

static struct piece *find(const void *address) {
    const unsigned char *wanted = address;
    for (struct piece *piece = pieces; piece < pieces + MOST; piece++)
        if (piece->address != NULL && wanted >= piece->address &&
            wanted < piece->address + piece->bytes)
            return piece;
    return NULL;
}

void emulator_memory_add(void *address, size_t bytes) {
    struct piece *piece = pieces;
    while (piece < pieces + MOST && piece->address != NULL)
        piece++;
    if (piece == pieces + MOST)
        abort();
    *piece = (struct piece){address, calloc(bytes, 1), bytes};
}

void emulator_memory_remove(void *address) {
    struct piece *piece = find(address);
    free(piece->written);
    piece->address = NULL;
}

void emulator_memory_written(const void *address, size_t bytes) {
    struct piece *piece = find(address);
    memset(piece->written + ((const unsigned char *)address - piece->address), 1, bytes);
}

bool emulator_memory_is_written(const void *address, size_t bytes) {
    const struct piece *piece = find(address);
    const size_t first = (size_t)((const unsigned char *)address - piece->address);
    return memchr(piece->written + first, 0, bytes) == NULL;
}

bool stub_emulator_has(const void *address) {
    return find(address) != NULL;
}

bool emulator_run(const struct emulator_launch *launch) {
    if (stub_emulator_fails)
        return false;
    launch->body(launch->closure);
    return true;
}

const char *emulator_reports(void) {
    return "";
}
