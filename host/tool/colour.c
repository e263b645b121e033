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

static unsigned char blend(unsigned char from, unsigned char to, double part) {
    return (unsigned char)lrint(from + part * (to - from));
}

colour colour_of(double value) {
    const colour *const ramp = value < 0 ? COLD : WARM;
    const colour strange = {255, 0, 200};
    double position;
    size_t stop;

    if (!isfinite(value))
        return strange;
    position = fmin(fabs(value), 1) * (STOPS - 1);
    stop = (size_t)position;
    if (stop > STOPS - 2)
        stop = STOPS - 2;
    position -= (double)stop;
    return (colour){
        blend(ramp[stop].red, ramp[stop + 1].red, position),
        blend(ramp[stop].green, ramp[stop + 1].green, position),
        blend(ramp[stop].blue, ramp[stop + 1].blue, position),
    };
}

unsigned char colour_level(double value) {
    return (unsigned char)lrint(255 * value);
}
