/* A model of the cache between the multiprocessors and the memory of a device: lines of 128 bytes, in
 * sectors of 32, each fetched for itself. The line that has not been used for longest gives way;
 * what was written goes to memory then.
 *
 * The hardware's choice of lines and places is not documented: here any line can be anywhere. */
#ifndef TESTS_EMULATOR_L2_MODEL_H
#define TESTS_EMULATOR_L2_MODEL_H

#include <stddef.h>
#include <stdint.h>

enum { L2_SECTOR_BYTES = 32, L2_LINE_BYTES = 128 };

struct l2_model;

/* An empty cache of so many bytes, at least one line. Aborts where there is no memory. */
struct l2_model *l2_create(size_t bytes);
void l2_destroy(struct l2_model *l2);

/* A sector, by its number, which is its address / 32. `written` has a bit for each byte of it that is
 * written; 0: it is read. */
void l2_access(struct l2_model *l2, uint64_t sector, uint32_t written);

/* What was written to these sectors goes to memory. It stays in the cache, too. */
void l2_write_back(struct l2_model *l2, uint64_t first_sector, uint64_t count);

/* Bytes, in whole sectors, that memory does not have yet. */
uint64_t l2_unwritten(const struct l2_model *l2);

/* Bytes that went between cache and memory so far. A sector of which only a part was written has to
 * be read before it is written back. */
struct l2_traffic {
    uint64_t read, written;
};
struct l2_traffic l2_traffic(const struct l2_model *l2);

#endif
