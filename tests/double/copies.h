/* Where memory of a copy or a fill lies. */
#ifndef TESTS_DOUBLE_COPIES_H
#define TESTS_DOUBLE_COPIES_H

#include "operations.h"

enum double_place { DOUBLE_PAGEABLE, DOUBLE_PINNED, DOUBLE_ON_DEVICE };

/* cudaErrorInvalidValue, with a mistake, where the span lies in no memory as a whole. */
cudaError_t double_place(struct double_span span, enum double_place *place);

#endif
