/* Tensors in host memory, and an account of what they take. */
#ifndef TOOL_ARRAYS_H
#define TOOL_ARRAYS_H

#include "denseblock.h"
#include "failure.h"

/* Bytes of tensors, weights and workspaces: held now, and the most that were held at once. */
typedef struct ledger {
    size_t held;
    size_t peak;
} ledger;

void ledger_add(ledger *account, size_t bytes);
void ledger_remove(ledger *account, size_t bytes);

/* Memory aligned to DENSEBLOCK_ALIGNMENT for free(), never NULL where it succeeds. */
outcome allocate_aligned(size_t bytes, void **memory);

size_t array_bytes(const denseblock_array *array);

/* An array of rank 4 with undefined elements, entered in the ledger. The caller has made sure
 * that its size can be expressed, which denseblock_plan_create does for all tensors of a block.
 */
outcome array_allocate(denseblock_type type, const int64_t shape[4], ledger *account,
                       denseblock_array *array);

/* The same for the y of a block. */
outcome y_allocate(const denseblock_desc *desc, ledger *account, denseblock_array *y);

/* Makes the elements `type`. Both arrays exist for a moment. */
outcome array_convert(denseblock_array *array, denseblock_type type, ledger *account);

/* Frees an array that is in the ledger. */
void array_release(denseblock_array *array, ledger *account);

/* Copies the first `channels` channels of every pixel; both arrays have the same type, batch,
 * height and width, and at least so many channels. */
void copy_channels(denseblock_array *target, const denseblock_array *source, int64_t channels);

#endif
