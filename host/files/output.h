/* What other files of the library need to know of an output. */
#ifndef DENSEBLOCK_HOST_OUTPUT_H
#define DENSEBLOCK_HOST_OUTPUT_H

#include "denseblock.h"

/* The path as it was given, for messages. */
const char *dblk_output_path(const denseblock_output *output);

#endif
