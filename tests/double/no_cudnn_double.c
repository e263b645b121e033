/* Where the build has not found cuDNN's header. */
#include "cudnn_double.h"

void cudnn_double_engines(const struct cudnn_double_engine *engines, size_t count) {
    (void)engines;
    (void)count;
}

void cudnn_double_without(unsigned abilities) {
    (void)abilities;
}

void cudnn_double_version(size_t version) {
    (void)version;
}

void double_forget_cudnn(void) {
}

void (*cudnn_double_function(const char *name))(void) {
    (void)name;
    return NULL;
}
