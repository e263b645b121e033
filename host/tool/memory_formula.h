/* What a way to hold the features of a block takes, by formula. */
#ifndef TOOL_MEMORY_FORMULA_H
#define TOOL_MEMORY_FORMULA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "concatenation.h"
#include "denseblock.h"

/* Bytes, and how many buffers, of one forward. */
typedef struct footprint {
    size_t peak;         /* the most held at once: features, prepared weights, workspace */
    size_t written;      /* by concatenation: features copied from one tensor into the next */
    bool reads_known;    /* only of direct layers, in groups that are known */
    size_t read;         /* of features, by convolutions and copies */
    int64_t allocations; /* of features and workspace */
} footprint;

typedef struct formula_request {
    const denseblock_desc *desc;
    concatenation how;
    int64_t group;          /* layers computed together; 0: the plan's choice */
    bool direct;            /* the algorithm that was asked for; else the plan's choice */
    size_t weights_bytes;   /* prepared, of all layers */
    size_t workspace_bytes; /* the largest */
} formula_request;

/* False where a figure is too large for a size_t. No plan need have accepted the block. */
bool memory_formula(const formula_request *request, footprint *taken);

/* The same for a residual block, of which reads are not known. */
typedef struct residual_formula_request {
    const denseblock_residual_desc *desc;
    concatenation how;
    size_t weights_bytes;
    size_t workspace_bytes;
} residual_formula_request;
bool residual_memory_formula(const residual_formula_request *request, footprint *taken);

/* Bytes that training would hold: the parameters, the block's output, and the inputs of all its
 * convolutions; no gradients, optimiser or workspace. False as above. */
bool training_formula(const denseblock_desc *desc, concatenation how, size_t *bytes);
bool residual_training_formula(const denseblock_residual_desc *desc, size_t *bytes);

#endif
