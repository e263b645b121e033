/* The cuDNN that the double pretends to have: its engines and its version. */
#include <string.h>

#include "cudnn_engines.h"
#include "program.h"

#define NUMERICAL(note) (1U << CUDNN_NUMERICAL_NOTE_##note)
#define BEHAVIOR(note)  (1U << CUDNN_BEHAVIOR_NOTE_##note)
#define TYPE(type)      (1U << CUDNN_DATA_##type)

enum {
    STRIDED = CUDNN_DOUBLE_STRIDED_INPUT | CUDNN_DOUBLE_STRIDED_OUTPUT,
    PLAIN = STRIDED | CUDNN_DOUBLE_UNEVEN_PADDING | CUDNN_DOUBLE_FLIPPED,
    FUSED = STRIDED | CUDNN_DOUBLE_UNEVEN_PADDING | CUDNN_DOUBLE_FUSED_RELU
};

/* The kinds that NVIDIA's list of numerical notes tells apart. What somebody has to leave out, where
 * f32 is to be f32 and NaN is to stay where it is, stands ahead of what he may use. */
static const struct cudnn_double_engine usual[] = {
    {.index = 11,
     .types = TYPE(DOUBLE) | TYPE(FLOAT) | TYPE(HALF) | TYPE(BFLOAT16),
     .takes = PLAIN,
     .plan_status = CUDNN_STATUS_NOT_SUPPORTED_SHARED_MEMORY_INSUFFICIENT},
    {.index = 1,
     .numerical_notes = NUMERICAL(TENSOR_CORE) | NUMERICAL(DOWN_CONVERT_INPUTS),
     .types = TYPE(FLOAT),
     .takes = PLAIN,
     .workspace = 64},
    {.index = 6,
     .numerical_notes = NUMERICAL(WINOGRAD) | NUMERICAL(WINOGRAD_TILE_4x4),
     .types = TYPE(FLOAT) | TYPE(HALF) | TYPE(BFLOAT16),
     .takes = PLAIN,
     .workspace = 256},
    {.index = 4,
     .numerical_notes = NUMERICAL(FFT),
     .types = TYPE(DOUBLE) | TYPE(FLOAT) | TYPE(HALF),
     .takes = PLAIN,
     .workspace = 512},
    {.index = 7,
     .numerical_notes = NUMERICAL(TENSOR_CORE) | NUMERICAL(REDUCED_PRECISION_REDUCTION),
     .types = TYPE(HALF),
     .takes = PLAIN | CUDNN_DOUBLE_FUSED_RELU},
    {.index = 12,
     .numerical_notes = NUMERICAL(TENSOR_CORE) | NUMERICAL(DOWN_CONVERT_INPUTS),
     .behavior_notes = BEHAVIOR(RUNTIME_COMPILATION),
     .types = TYPE(FLOAT),
     .takes = FUSED},
    {.index = 8,
     .numerical_notes = NUMERICAL(TENSOR_CORE),
     .types = TYPE(HALF) | TYPE(BFLOAT16),
     .takes = STRIDED,
     .alignment = 16,
     .channel_multiple = 8,
     .workspace = 128},
    {.index = 9,
     .numerical_notes = NUMERICAL(TENSOR_CORE),
     .behavior_notes = BEHAVIOR(RUNTIME_COMPILATION),
     .types = TYPE(HALF) | TYPE(BFLOAT16),
     .takes = FUSED,
     .alignment = 4,
     .channel_multiple = 2,
     .workspace = 32},
    {.index = 2, .types = TYPE(FLOAT), .takes = PLAIN, .workspace = 32},
    {.index = 10, .types = TYPE(DOUBLE), .takes = PLAIN, .workspace = 48},
    {.index = 5,
     .numerical_notes = NUMERICAL(NONDETERMINISTIC),
     .types = TYPE(FLOAT) | TYPE(HALF) | TYPE(BFLOAT16),
     .takes = PLAIN,
     .fallback = true},
    {.index = 0,
     .types = TYPE(DOUBLE) | TYPE(FLOAT) | TYPE(HALF) | TYPE(BFLOAT16),
     .takes = PLAIN,
     .fallback = true},
};

/* Of the environment, until a test says otherwise. */
static struct {
    bool known;
    const struct cudnn_double_engine *engines;
    size_t count;
    unsigned without;
} machine;

static size_t version; /* 0: of the environment */

static void know(void) {
    const char *text = double_program_cudnn();
    if (machine.known)
        return;
    machine.known = true;
    machine.engines = usual;
    machine.count = strcmp(text, "none") == 0 ? 0 : sizeof usual / sizeof usual[0];
    machine.without = 0;
    if (strcmp(text, "packed") == 0)
        machine.without = CUDNN_DOUBLE_STRIDED_OUTPUT | CUDNN_DOUBLE_FUSED_RELU;
    if (strcmp(text, "gapless") == 0)
        machine.without = STRIDED | CUDNN_DOUBLE_FUSED_RELU;
}

void double_forget_cudnn(void) {
    machine.known = false;
    version = 0;
}

void cudnn_double_version(size_t wanted) {
    double_lock();
    version = wanted;
    double_unlock();
}

size_t double_cudnn_version(void) {
    return version != 0 ? version : double_program_cudnn_version(CUDNN_VERSION);
}

void cudnn_double_engines(const struct cudnn_double_engine *engines, size_t count) {
    double_lock();
    machine.known = false;
    know();
    if (engines != NULL) {
        machine.engines = engines;
        machine.count = count;
        machine.without = 0;
    }
    double_unlock();
}

void cudnn_double_without(unsigned abilities) {
    double_lock();
    know();
    machine.without |= abilities;
    double_unlock();
}

const struct cudnn_double_engine *double_cudnn_engines(size_t *count) {
    know();
    *count = machine.count;
    return machine.engines;
}

unsigned double_cudnn_abilities(const struct cudnn_double_engine *engine) {
    return engine->takes & ~machine.without;
}

const struct cudnn_double_engine *double_cudnn_engine(int64_t index) {
    know();
    for (size_t i = 0; i < machine.count; i++)
        if (machine.engines[i].index == index)
            return &machine.engines[i];
    return NULL;
}

int64_t double_cudnn_engine_end(void) {
    int64_t end = 0;
    know();
    for (size_t i = 0; i < machine.count; i++)
        end = machine.engines[i].index >= end ? machine.engines[i].index + 1 : end;
    return end;
}
