/* Let S = N * H * W * (bytes of an element) be the bytes of a channel,
 * C_l = C0 + g_0 + ... + g_{l-1}, so that X_l has S * C_l bytes, W those of the prepared weights,
 * which are held all the time, and T those of the workspace. x is made where it is needed: as X_0,
 * or in the first channels of y.
 *
 * copy       X_{l+1} is allocated beside X_l, which is freed after it. The last pair is the
 *            largest, since C_l grows:
 *                peak = S (C_{L-1} + C_L) + W + T
 *            Layer l copies X_l into X_{l+1}, and writes its own channels where they belong:
 *                written = S (C_0 + ... + C_{L-1})
 *            The copy reads X_l, and so does the convolution:
 *                read = 2 S (C_0 + ... + C_{L-1})
 *            L + 1 tensors are allocated.
 *
 * copy-keep  All X_l are there at the end:
 *                peak = S (C_0 + ... + C_L) + W + T
 *            With one growth g this is S ((L+1) C_0 + g L (L+1) / 2) + W + T: quadratic in L. The
 *            other figures are those of copy.
 *
 * in place   There is y alone, and nothing is copied:
 *                peak = S C_L + W + T,  written = 0
 *            Layer by layer, read = S (C_0 + ... + C_{L-1}). In groups of b, the first convolution
 *            of a group that begins with layer f reads C_f for all of its layers at once, and layer
 *            f + i then reads what the group has made before it, C_{f+i} - C_f:
 *                read = S sum over groups of (C_f + sum over i from 1 to b-1 of (C_{f+i} - C_f))
 *
 * What is read is that of direct layers alone: Winograd's kept transform reads a feature once, when
 * it has been made, and later layers read the transform. It is not known where a plan may choose.
 *
 * Buffers of no bytes, of an empty batch or a plan without a workspace, are not allocated. */
#include "memory_formula.h"

static bool add(size_t *total, size_t more) {
    return !__builtin_add_overflow(*total, more, total);
}

/* S. */
static bool channel_bytes(const denseblock_desc *desc, size_t *bytes) {
    *bytes = denseblock_type_size(desc->type);
    return !__builtin_mul_overflow(*bytes, (size_t)desc->batch, bytes) &&
           !__builtin_mul_overflow(*bytes, (size_t)desc->height, bytes) &&
           !__builtin_mul_overflow(*bytes, (size_t)desc->width, bytes);
}

/* Channels of one pixel, before they are multiplied by S. */
typedef struct channel_sums {
    size_t last;    /* C_L */
    size_t before;  /* C_{L-1}; 0 without layers */
    size_t layers;  /* C_0 + ... + C_{L-1} */
    size_t grouped; /* those that layers in groups read */
} channel_sums;

static bool sum_channels(const denseblock_desc *desc, int64_t group, channel_sums *sums) {
    size_t group_first = 0;

    *sums = (channel_sums){.last = (size_t)desc->channels};
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const size_t channels = sums->last;
        const bool begins = group < 2 || l % group == 0;

        if (begins)
            group_first = channels;
        sums->before = channels;
        if (!add(&sums->layers, channels) ||
            !add(&sums->grouped, begins ? channels : channels - group_first) ||
            !add(&sums->last, (size_t)desc->layers[l].growth))
            return false;
    }
    return true;
}

bool memory_formula(const formula_request *request, footprint *taken) {
    const denseblock_desc *const desc = request->desc;
    const bool copying = request->how != CONCATENATION_IN_PLACE;
    channel_sums sums;
    size_t channel;
    size_t held;

    *taken = (footprint){0};
    if (!channel_bytes(desc, &channel) || !sum_channels(desc, request->group, &sums))
        return false;

    held = sums.last;
    if (request->how == CONCATENATION_COPY && !add(&held, sums.before))
        return false;
    if (request->how == CONCATENATION_COPY_KEEP && !add(&held, sums.layers))
        return false;
    if (__builtin_mul_overflow(held, channel, &taken->peak) ||
        !add(&taken->peak, request->weights_bytes) ||
        !add(&taken->peak, request->workspace_bytes))
        return false;

    if (copying && __builtin_mul_overflow(sums.layers, channel, &taken->written))
        return false;
    taken->reads_known = request->direct && (copying || request->group > 0);
    if (taken->reads_known &&
        __builtin_mul_overflow(copying ? sums.layers : sums.grouped, channel, &taken->read))
        return false;
    if (taken->reads_known && copying && !add(&taken->read, taken->written))
        return false;

    taken->allocations = request->workspace_bytes > 0;
    if (channel > 0)
        taken->allocations += copying ? desc->layer_count + 1 : 1;
    return true;
}
