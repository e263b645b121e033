/* What the doubles of cuBLAS and cuDNN do alike with what they are given. */
#include "library_arguments.h"

#include <stdint.h>
#include <string.h>

#include "calls.h"
#include "copies.h"
#include "report.h"

enum { GARBAGE = 0xFF, GARBAGE_BYTES = 4096 };

bool double_is_on_device(struct double_span span) {
    enum double_place place;
    if (double_place(span, &place) != cudaSuccess)
        return false;
    if (place != DOUBLE_ON_DEVICE)
        double_mistake("%s: %p is memory of the host", double_call_name(),
                       (const void *)span.begin);
    return place == DOUBLE_ON_DEVICE;
}

void double_use_workspace(char *begin, size_t bytes) {
    const size_t some = bytes < GARBAGE_BYTES ? bytes : GARBAGE_BYTES;
    if (bytes == 0)
        return;
    memset(begin, GARBAGE, some);
    memset(begin + bytes - some, GARBAGE, some);
}

double double_round_to_tf32(double value) {
    float rounded = (float)value;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    if ((bits & 0x7F800000) == 0x7F800000)
        return value;
    bits += 0xFFF + (bits >> 13 & 1);
    bits &= ~(uint32_t)0x1FFF;
    memcpy(&rounded, &bits, sizeof rounded);
    return (double)rounded;
}
