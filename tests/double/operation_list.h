/* Between operations.c, which keeps them, and schedule.c, which runs them. */
#ifndef TESTS_DOUBLE_OPERATION_LIST_H
#define TESTS_DOUBLE_OPERATION_LIST_H

#include "operations.h"

struct double_operation *double_first_waiting(void);
void double_remove_waiting(struct double_operation *operation);

/* It waits for nothing any more. */
void double_is_ready(struct double_operation *operation);

/* It has been run, or given up. */
void double_finish(struct double_operation *operation);

void double_forget_ready(void);

#endif
