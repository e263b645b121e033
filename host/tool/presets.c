#include "presets.h"

/* Huang et al. 2017, arXiv 1608.06993, tables 1 and 2: DenseNet-121 to 264 for pictures of 224x224,
 * whose first convolution and pooling leave 56x56 and 64 channels; DenseNet-BC (L=100, k=12) and
 * DenseNet (L=40, k=12) for pictures of 32x32. */
static const preset PRESETS[] = {
    {"densenet121", 56, 64, 32, 2, 4, {6, 12, 24, 16}},
    {"densenet169", 56, 64, 32, 2, 4, {6, 12, 32, 32}},
    {"densenet201", 56, 64, 32, 2, 4, {6, 12, 48, 32}},
    {"densenet264", 56, 64, 32, 2, 4, {6, 12, 64, 48}},
    {"bc-100-12", 32, 24, 12, 2, 3, {16, 16, 16}},
    {"40-12", 32, 16, 12, 1, 3, {12, 12, 12}},
};
enum { PRESET_COUNT = sizeof PRESETS / sizeof PRESETS[0] };

outcome parse_preset(const char *option, const char *text, void *target) {
    const preset **value = target;
    const char *names[PRESET_COUNT];
    size_t index;
    outcome result;

    for (size_t i = 0; i < PRESET_COUNT; i++)
        names[i] = PRESETS[i].name;
    result = parse_choice(option, text, names, PRESET_COUNT, &index);
    if (result == OUTCOME_SUCCESS)
        *value = &PRESETS[index];
    return result;
}

void preset_block(const preset *network, size_t index, block_shape *shape, int64_t *layers) {
    shape->height = network->size;
    shape->channels = network->channels;
    for (size_t i = 0; i < index; i++) {
        shape->channels += network->layers[i] * network->growth;
        shape->channels /= network->compression;
        shape->height /= 2;
    }
    shape->width = shape->height;
    *layers = network->layers[index];
}
