#include "compare_match.h"

#include <math.h>

#include "geometry.h"

static const char *const NAMES[] = {"channels", "parameters", "operations"};
enum { NAME_COUNT = sizeof NAMES / sizeof NAMES[0] };

outcome parse_match(const char *option, const char *text, void *target) {
    match *value = target;
    size_t index;
    const outcome result = parse_choice(option, text, NAMES, NAME_COUNT, &index);

    if (result == OUTCOME_SUCCESS)
        *value = (match)index;
    return result;
}

const char *match_name(match matched) {
    return NAMES[matched];
}

double parameter_count(const denseblock_desc *desc) {
    double channels = (double)desc->channels;
    double count = 0;

    for (int64_t l = 0; l < desc->layer_count; l++) {
        const denseblock_layer *const layer = &desc->layers[l];
        const double growth = (double)layer->growth;

        count += (double)layer->kernel_height * (double)layer->kernel_width * channels * growth;
        channels += growth;
    }
    return count;
}

double residual_parameter_count(const denseblock_residual_desc *desc) {
    const double channels = (double)desc->channels;
    const double hidden = desc->hidden_channels > 0 ? (double)desc->hidden_channels : channels;

    return 2 * (double)desc->unit_count * (double)desc->kernel_height *
           (double)desc->kernel_width * channels * hidden;
}

/* The channels, at least 1, with which the block's parameters are nearest to so many. */
static int64_t nearest_channels(denseblock_residual_desc block, double parameters) {
    double below;
    double above;

    block.channels = 1;
    if (parameters < residual_parameter_count(&block))
        return 1;
    block.channels = (int64_t)sqrt(parameters / residual_parameter_count(&block));
    below = fabs(residual_parameter_count(&block) - parameters);
    block.channels++;
    above = fabs(residual_parameter_count(&block) - parameters);
    return above < below ? block.channels : block.channels - 1;
}

denseblock_residual_desc matched_residual(const denseblock_desc *dense, match matched) {
    denseblock_residual_desc residual = {
        .batch = dense->batch,
        .height = dense->height,
        .width = dense->width,
        .channels = output_channels(dense),
        .unit_count = dense->layer_count / 2,
        .kernel_height = 1,
        .kernel_width = 1,
        .type = dense->type,
        .arithmetic = dense->arithmetic,
    };

    if (dense->layer_count == 0) /* no parameters to match */
        return residual;
    residual.kernel_height = dense->layers[0].kernel_height;
    residual.kernel_width = dense->layers[0].kernel_width;
    if (matched != MATCH_CHANNELS)
        residual.channels = nearest_channels(residual, parameter_count(dense));
    return residual;
}
