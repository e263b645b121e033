#include "colour.h"

#include <math.h>
#include <stddef.h>

static const colour WARM[] = {
    {10, 10, 14}, {84, 28, 14}, {190, 72, 14}, {246, 154, 40}, {255, 246, 220},
};
static const colour COLD[] = {
    {10, 10, 14}, {12, 32, 84}, {24, 84, 178}, {72, 164, 232}, {206, 246, 255},
};
enum { STOPS = sizeof WARM / sizeof WARM[0] };

static unsigned char blend(unsigned char from, unsigned char to, float part) {
    return (unsigned char)lrintf((float)from + part * (float)(to - from));
}

colour colour_of(float value) {
    const colour *const ramp = value < 0 ? COLD : WARM;
    const colour strange = {255, 0, 200};
    float position;
    size_t stop;

    if (!isfinite(value))
        return strange;
    position = fminf(fabsf(value), 1.0f) * (STOPS - 1);
    stop = (size_t)position;
    if (stop > STOPS - 2)
        stop = STOPS - 2;
    position -= (float)stop;
    return (colour){
        blend(ramp[stop].red, ramp[stop + 1].red, position),
        blend(ramp[stop].green, ramp[stop + 1].green, position),
        blend(ramp[stop].blue, ramp[stop + 1].blue, position),
    };
}

unsigned char colour_level(float value) {
    /* In this direction NaN becomes black. */
    const float inside = value > 0 ? fminf(value, 1.0f) : 0.0f;

    return (unsigned char)lrintf(255.0f * inside);
}
