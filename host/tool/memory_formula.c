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
 * Buffers of no bytes, of an empty batch or a plan without a workspace, are not allocated.
 *
 * A residual block of U units has C channels before and after each, and M between its two
 * convolutions, which are in the workspace. All of its X_u are of one size:
 *
 * copy       peak = 2 S C + W + T (S C + W + T without units),  written = S C U
 * copy-keep  peak = S C (U+1) + W + T,                          written = S C U
 * in place   peak = S C + W + T,                                written = 0
 *
 * Training, by formula alone, since there is no backward pass yet: the parameters, the block's
 * output, and the inputs of all its convolutions; no gradients, optimiser or workspace. Parameters
 * are in the type of the features. The backward pass of a convolution reads its input again (the
 * ReLU's gradient follows from it); the output is what comes after the block reads.
 *
 * dense      In place, all inputs are channels of y, which is there once: S C_L. With copies, every
 *            convolution has a tensor of its own: S (C_0 + ... + C_L).
 * residual   Every X_u and every h_u, in whatever way the forward holds them:
 *            S (C (U+1) + M U). What is added in place destroys X_u, which the backward pass still
 *            needs. */
#include "memory_formula.h"

static bool add(size_t *total, size_t more) {
    return !__builtin_add_overflow(*total, more, total);
}

/* S. */
static bool channel_bytes(denseblock_type type, int64_t batch, int64_t height, int64_t width,
                          size_t *bytes) {
    *bytes = denseblock_type_size(type);
    return !__builtin_mul_overflow(*bytes, (size_t)batch, bytes) &&
           !__builtin_mul_overflow(*bytes, (size_t)height, bytes) &&
           !__builtin_mul_overflow(*bytes, (size_t)width, bytes);
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

/* Of so many channels beside weights and workspace. */
static bool find_peak(size_t channels, size_t channel, size_t weights_bytes,
                      size_t workspace_bytes, footprint *taken) {
    return !__builtin_mul_overflow(channels, channel, &taken->peak) &&
           add(&taken->peak, weights_bytes) && add(&taken->peak, workspace_bytes);
}

bool memory_formula(const formula_request *request, footprint *taken) {
    const denseblock_desc *const desc = request->desc;
    const bool copying = request->how != CONCATENATION_IN_PLACE;
    channel_sums sums;
    size_t channel;
    size_t held;

    *taken = (footprint){0};
    if (!channel_bytes(desc->type, desc->batch, desc->height, desc->width, &channel) ||
        !sum_channels(desc, request->group, &sums))
        return false;

    held = sums.last;
    if (request->how == CONCATENATION_COPY && !add(&held, sums.before))
        return false;
    if (request->how == CONCATENATION_COPY_KEEP && !add(&held, sums.layers))
        return false;
    if (!find_peak(held, channel, request->weights_bytes, request->workspace_bytes, taken))
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

bool residual_memory_formula(const residual_formula_request *request, footprint *taken) {
    const denseblock_residual_desc *const desc = request->desc;
    const bool copying = request->how != CONCATENATION_IN_PLACE;
    const size_t units = (size_t)desc->unit_count;
    size_t tensors = 1;
    size_t channel;
    size_t held;
    size_t copied;

    *taken = (footprint){0};
    if (request->how == CONCATENATION_COPY && units > 0)
        tensors = 2;
    if (request->how == CONCATENATION_COPY_KEEP)
        tensors = units + 1;
    if (!channel_bytes(desc->type, desc->batch, desc->height, desc->width, &channel) ||
        __builtin_mul_overflow(tensors, (size_t)desc->channels, &held) ||
        __builtin_mul_overflow(units, (size_t)desc->channels, &copied) ||
        !find_peak(held, channel, request->weights_bytes, request->workspace_bytes, taken) ||
        (copying && __builtin_mul_overflow(copied, channel, &taken->written)))
        return false;
    taken->allocations = request->workspace_bytes > 0;
    if (channel > 0)
        taken->allocations += copying ? desc->unit_count + 1 : 1;
    return true;
}

/* Adds the bytes of a layer's kernel. */
static bool add_kernel(size_t *bytes, denseblock_type type, int64_t height, int64_t width,
                       size_t channels, size_t outputs) {
    size_t kernel = denseblock_type_size(type);

    return !__builtin_mul_overflow(kernel, (size_t)height, &kernel) &&
           !__builtin_mul_overflow(kernel, (size_t)width, &kernel) &&
           !__builtin_mul_overflow(kernel, channels, &kernel) &&
           !__builtin_mul_overflow(kernel, outputs, &kernel) && add(bytes, kernel);
}

bool training_formula(const denseblock_desc *desc, concatenation how, size_t *bytes) {
    channel_sums sums;
    size_t channels = (size_t)desc->channels;
    size_t channel;

    *bytes = 0;
    if (!channel_bytes(desc->type, desc->batch, desc->height, desc->width, &channel) ||
        !sum_channels(desc, 1, &sums))
        return false;
    if (how != CONCATENATION_IN_PLACE && !add(&sums.last, sums.layers))
        return false;
    if (__builtin_mul_overflow(sums.last, channel, bytes))
        return false;
    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];

        if (!add_kernel(bytes, desc->type, layer->kernel_height, layer->kernel_width, channels,
                        (size_t)layer->growth))
            return false;
        channels += (size_t)layer->growth;
    }
    return true;
}

bool residual_training_formula(const denseblock_residual_desc *desc, size_t *bytes) {
    const size_t channels = (size_t)desc->channels;
    const size_t hidden = desc->hidden_channels > 0 ? (size_t)desc->hidden_channels : channels;
    const size_t units = (size_t)desc->unit_count;
    size_t channel;
    size_t kept;
    size_t between;

    *bytes = 0;
    if (!channel_bytes(desc->type, desc->batch, desc->height, desc->width, &channel) ||
        __builtin_mul_overflow(channels, units + 1, &kept) ||
        __builtin_mul_overflow(hidden, units, &between) || !add(&kept, between) ||
        __builtin_mul_overflow(kept, channel, bytes))
        return false;
    for (size_t l = 0; l < 2 * units; l++) {
        if (!add_kernel(bytes, desc->type, desc->kernel_height, desc->kernel_width, channels,
                        hidden))
            return false;
    }
    return true;
}
