/* A stand-in for cuDNN's graph API on the runtime double: what is needed for a convolution forward,
 * alone or behind a ReLU, with arguments taken as NVIDIA documents them. Its engines are pretended
 * ones: a test can say what they take. */
#ifndef TESTS_DOUBLE_CUDNN_DOUBLE_H
#define TESTS_DOUBLE_CUDNN_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What not every engine takes. */
enum cudnn_double_ability {
    CUDNN_DOUBLE_STRIDED_INPUT = 1,  /* x with gaps between its elements */
    CUDNN_DOUBLE_STRIDED_OUTPUT = 2, /* y with gaps */
    CUDNN_DOUBLE_FUSED_RELU = 4,     /* a ReLU ahead of the convolution */
    CUDNN_DOUBLE_UNEVEN_PADDING = 8, /* more of it behind than ahead */
    CUDNN_DOUBLE_FLIPPED = 16        /* a convolution, where others only correlate */
};

struct cudnn_double_engine {
    int index;                /* CUDNN_ATTR_ENGINE_GLOBAL_INDEX */
    unsigned numerical_notes; /* 1 << CUDNN_NUMERICAL_NOTE_... of each */
    unsigned behavior_notes;  /* 1 << CUDNN_BEHAVIOR_NOTE_... of each */
    unsigned types;           /* 1 << CUDNN_DATA_... of each; x, w and y have the same */
    unsigned takes;           /* of enum cudnn_double_ability */
    int alignment;        /* bytes that all pointers and strides must be multiples of; 0: any */
    int channel_multiple; /* what C and K must be multiples of; 0: any */
    size_t workspace;     /* bytes for each channel of x */
    bool fallback;        /* named by CUDNN_HEUR_MODE_FALLBACK, and by no other mode */
    int plan_status;      /* what finalising its plans gives, though it would take them */
};

/* The engines, in the order in which the heuristics name them; they are not copied. NULL: those of
 * the environment (program.h), as after cuda_double_begin. */
void cudnn_double_engines(const struct cudnn_double_engine *engines, size_t count);

/* Abilities that no engine has any more, until the next cudnn_double_engines. */
void cudnn_double_without(unsigned abilities);

/* What cudnnGetVersion gives. 0: as the environment says, or the header. */
void cudnn_double_version(size_t version);

/* cuda_double_begin, which has the double's lock, calls it: as the environment says from now on. */
void double_forget_cudnn(void);

/* The function of that name; NULL: there is none, or no cuDNN in this build. */
void (*cudnn_double_function(const char *name))(void);

#ifdef __cplusplus
}
#endif

#endif
