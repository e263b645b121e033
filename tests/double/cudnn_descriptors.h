/* Descriptors: what cuDNN's graphs are made of. Whoever refers to one that was destroyed still
 * finds what it was: a finalised descriptor keeps its parts, as programs of NVIDIA's rely on. */
#ifndef TESTS_DOUBLE_CUDNN_DESCRIPTORS_H
#define TESTS_DOUBLE_CUDNN_DESCRIPTORS_H

#include "cudnn_attributes.h"
#include "objects.h"

struct double_cudnn_value {
    cudnnBackendAttributeType_t type;
    int64_t count;
    bool is_set;
    void *elements;
};

struct double_cudnn_descriptor {
    struct double_object object;
    cudnnBackendDescriptorType_t kind;
    bool finalized;
    struct double_cudnn_value
        values[DOUBLE_CUDNN_MOST_ATTRIBUTES]; /* in the order of the table */
};

/* A finalised one that is not the caller's, such as a result of the heuristics. */
struct double_cudnn_descriptor *double_cudnn_inner(cudnnBackendDescriptorType_t kind);

/* Otherwise a mistake. */
bool double_cudnn_is_descriptor(const void *descriptor);

/* The attribute of that name, and in *place which of its kind; NULL: the kind has none. */
const struct double_cudnn_attribute *
double_cudnn_find(const struct double_cudnn_descriptor *descriptor,
                  cudnnBackendAttributeName_t name, size_t *place);

/* Whether elements that point to something point to what is there, of the kind that the attribute
 * takes; whether descriptors, which are there, are finalised. */
cudnnStatus_t double_cudnn_check_elements(const struct double_cudnn_attribute *attribute,
                                          int64_t count, void *const *elements);
cudnnStatus_t double_cudnn_check_finalized(int64_t count,
                                           struct double_cudnn_descriptor *const *parts);

/* Whether it is a live, finalised one of the kind. A mistake where it is none. */
cudnnStatus_t double_cudnn_check(cudnnBackendDescriptor_t descriptor,
                                 cudnnBackendDescriptorType_t kind);

/* ---- Values ---- */

/* `elements` are copied; without them, no element is set. */
void double_cudnn_put(struct double_cudnn_descriptor *descriptor,
                      cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                      int64_t count, const void *elements);

/* The elements, and in *count how many; NULL and 0 where the attribute was not set. */
const void *double_cudnn_get(const struct double_cudnn_descriptor *descriptor,
                             cudnnBackendAttributeName_t name, int64_t *count);

/* The one element of an attribute: an integer, an enumeration's value or a truth value; a number of
 * either floating-point type; a descriptor or a handle. `otherwise`, or NULL, where it was not set. */
int64_t double_cudnn_integer(const struct double_cudnn_descriptor *descriptor,
                             cudnnBackendAttributeName_t name, int64_t otherwise);
double double_cudnn_real(const struct double_cudnn_descriptor *descriptor,
                         cudnnBackendAttributeName_t name, double otherwise);
void *double_cudnn_pointer(const struct double_cudnn_descriptor *descriptor,
                           cudnnBackendAttributeName_t name);

#endif
