/* Records which sectors the blocks of a launch ask for, and replays them through models of the L2
 * cache in the order in which a device would, about: as many blocks at a time as it has room for, one
 * sector of each in turn, and when one ends the next begins, in the order of their numbers. Launches
 * follow one another. */
#ifndef TESTS_EMULATOR_L2_REPLAY_H
#define TESTS_EMULATOR_L2_REPLAY_H

#include "emulator.h"
#include "l2_model.h"

struct l2_replay;

/* `resident`: blocks at a time. The models are the caller's, and see the same accesses. Aborts where
 * there is no memory. */
struct l2_replay *l2_replay_create(size_t resident, struct l2_model *const *models, size_t count);
void l2_replay_destroy(struct l2_replay *replay);

/* For emulator_settings.trace, with the replay as `tracer`. */
void l2_replay_trace(void *tracer, const struct emulator_sector *sector);

/* Of the last launch. */
void l2_replay_finish(struct l2_replay *replay);

#endif
