/* Colours of feature maps. */
#ifndef TOOL_COLOUR_H
#define TOOL_COLOUR_H

typedef struct colour {
    unsigned char red, green, blue;
} colour;

/* The colour of `value`, -1 to 1: what ReLU keeps is warm, black over orange to white; what it
 * cuts is cold, black over blue to a light cyan. NaN and Inf are magenta. */
colour colour_of(double value);

/* A grey or colour sample of a picture, 0 to 1. */
unsigned char colour_level(double value);

#endif
