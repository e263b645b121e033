#include "block/context.h"
#include "device/device.h"
#include "status/fail.h"

denseblock_status denseblock_copy(denseblock_context *context, denseblock_direction direction,
                                  void *dst, size_t dst_pitch, const void *src, size_t src_pitch,
                                  size_t row_bytes, size_t rows) {
    static const char function[] = "denseblock_copy";
    if (context == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: context is NULL", function);
    if ((unsigned)direction > DENSEBLOCK_WITHIN)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: direction %d is none", function,
                         (int)direction);
    if (row_bytes == 0 || rows == 0)
        return DENSEBLOCK_OK;
    if (dst == NULL || src == NULL)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT, "%s: %s is NULL", function,
                         dst == NULL ? "dst" : "src");
    if (dst_pitch < row_bytes || src_pitch < row_bytes)
        return dblk_fail(DENSEBLOCK_INVALID_ARGUMENT,
                         "%s: rows of %zu bytes do not fit in pitches of %zu and %zu", function,
                         row_bytes, dst_pitch, src_pitch);
    int previous;
    denseblock_status status = dblk_context_enter(context, &previous);
    if (status != DENSEBLOCK_OK)
        return status;
    status = dblk_context_device(context)->copy(context->queue, direction, dst, dst_pitch, src,
                                                src_pitch, row_bytes, rows);
    dblk_context_leave(context, previous);
    return status;
}
