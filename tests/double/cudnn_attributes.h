/* The attributes of cuDNN's descriptors: which type each has, how many elements, who sets it. */
#ifndef TESTS_DOUBLE_CUDNN_ATTRIBUTES_H
#define TESTS_DOUBLE_CUDNN_ATTRIBUTES_H

#include <cudnn.h>
#include <stdbool.h>
#include <stddef.h>

/* Of one descriptor. */
enum { DOUBLE_CUDNN_MOST_ATTRIBUTES = 10 };

enum double_cudnn_setting {
    DOUBLE_CUDNN_GIVEN,    /* never set: finalising makes it */
    DOUBLE_CUDNN_OPTIONAL, /* the caller may set it */
    DOUBLE_CUDNN_REQUIRED  /* the caller must */
};

struct double_cudnn_attribute {
    cudnnBackendDescriptorType_t of;
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type, or_type; /* either of them */
    int64_t least, most;                       /* elements */
    enum double_cudnn_setting setting;
    cudnnBackendDescriptorType_t element; /* of CUDNN_TYPE_BACKEND_DESCRIPTOR */
};

/* The first attribute of a kind; NULL: the double has no such kind. Those of one kind follow each
 * other, and `*count` says how many there are. */
const struct double_cudnn_attribute *double_cudnn_attributes(cudnnBackendDescriptorType_t of,
                                                             size_t *count);

/* Whether a descriptor of the kind can be an element. */
bool double_cudnn_takes(const struct double_cudnn_attribute *attribute,
                        cudnnBackendDescriptorType_t kind);

/* The bytes of an element; 0: none that the double knows. */
size_t double_cudnn_type_bytes(cudnnBackendAttributeType_t type);

#endif
