/* Descriptors: how they are made, what they hold. */
#include "cudnn_descriptors.h"

#include <string.h>

#include "allocate.h"
#include "cudnn_calls.h"
#include "report.h"

/* ---- Creating and destroying ---- */

static void forget_descriptor(void *object) {
    struct double_cudnn_descriptor *descriptor = object;
    for (int i = 0; i < DOUBLE_CUDNN_MOST_ATTRIBUTES; i++)
        free(descriptor->values[i].elements);
    free(descriptor);
}

static struct double_cudnn_descriptor *new_descriptor(cudnnBackendDescriptorType_t kind) {
    struct double_cudnn_descriptor *descriptor = double_new(sizeof *descriptor);
    descriptor->object.forget = forget_descriptor;
    descriptor->kind = kind;
    double_object_add(&descriptor->object, DOUBLE_CUDNN_DESCRIPTOR);
    return descriptor;
}

struct double_cudnn_descriptor *double_cudnn_inner(cudnnBackendDescriptorType_t kind) {
    struct double_cudnn_descriptor *descriptor = new_descriptor(kind);
    double_object_give_back(&descriptor->object);
    descriptor->finalized = true;
    return descriptor;
}

bool double_cudnn_is_descriptor(const void *descriptor) {
    return double_object_is(descriptor, DOUBLE_CUDNN_DESCRIPTOR, true);
}

static cudnnStatus_t create(cudnnBackendDescriptorType_t kind, cudnnBackendDescriptor_t *out) {
    size_t count;
    if (out == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no place for it");
    if (double_cudnn_attributes(kind, &count) == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED,
                                   "the double has no descriptors of kind %d", (int)kind);
    *out = new_descriptor(kind);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t kind,
                                           cudnnBackendDescriptor_t *descriptor) {
    CUDNN_CALL(DOUBLE_NOTHING, create(kind, descriptor));
}

static cudnnStatus_t destroy(cudnnBackendDescriptor_t descriptor) {
    if (!double_cudnn_is_descriptor(descriptor))
        return CUDNN_STATUS_BAD_PARAM;
    double_object_give_back(&((struct double_cudnn_descriptor *)descriptor)->object);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
    const cudaError_t error = double_enter(__func__, DOUBLE_NOTHING);
    const cudnnStatus_t status =
        error == cudaSuccess ? destroy(descriptor) : double_cudnn_status_of(error);
    if (error != cudaSuccess)
        double_object_abandon(descriptor, DOUBLE_CUDNN_DESCRIPTOR);
    (void)double_leave(cudaSuccess);
    return status;
}

/* ---- Values ---- */

const struct double_cudnn_attribute *
double_cudnn_find(const struct double_cudnn_descriptor *descriptor,
                  cudnnBackendAttributeName_t name, size_t *place) {
    size_t count;
    const struct double_cudnn_attribute *row = double_cudnn_attributes(descriptor->kind, &count);
    for (*place = 0; *place < count; (*place)++)
        if (row[*place].name == name)
            return &row[*place];
    return NULL;
}

void double_cudnn_put(struct double_cudnn_descriptor *descriptor,
                      cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                      int64_t count, const void *elements) {
    const size_t bytes = (size_t)count * double_cudnn_type_bytes(type);
    size_t place;
    (void)double_cudnn_find(descriptor, name, &place);
    struct double_cudnn_value *value = &descriptor->values[place];
    free(value->elements);
    *value = (struct double_cudnn_value){
        .type = type, .count = count, .is_set = true, .elements = double_new(bytes + 1)};
    if (bytes > 0)
        memcpy(value->elements, elements, bytes);
}

static const struct double_cudnn_value *
find_value(const struct double_cudnn_descriptor *descriptor, cudnnBackendAttributeName_t name) {
    size_t place;
    (void)double_cudnn_find(descriptor, name, &place);
    return descriptor->values[place].is_set ? &descriptor->values[place] : NULL;
}

const void *double_cudnn_get(const struct double_cudnn_descriptor *descriptor,
                             cudnnBackendAttributeName_t name, int64_t *count) {
    const struct double_cudnn_value *value = find_value(descriptor, name);
    *count = value == NULL ? 0 : value->count;
    return value == NULL ? NULL : value->elements;
}

int64_t double_cudnn_integer(const struct double_cudnn_descriptor *descriptor,
                             cudnnBackendAttributeName_t name, int64_t otherwise) {
    const struct double_cudnn_value *value = find_value(descriptor, name);
    if (value == NULL)
        return otherwise;
    if (value->type == CUDNN_TYPE_INT64)
        return *(const int64_t *)value->elements;
    return value->type == CUDNN_TYPE_BOOLEAN ? *(const bool *)value->elements
                                             : *(const int *)value->elements;
}

double double_cudnn_real(const struct double_cudnn_descriptor *descriptor,
                         cudnnBackendAttributeName_t name, double otherwise) {
    const struct double_cudnn_value *value = find_value(descriptor, name);
    if (value == NULL)
        return otherwise;
    return value->type == CUDNN_TYPE_FLOAT ? (double)*(const float *)value->elements
                                           : *(const double *)value->elements;
}

void *double_cudnn_pointer(const struct double_cudnn_descriptor *descriptor,
                           cudnnBackendAttributeName_t name) {
    const struct double_cudnn_value *value = find_value(descriptor, name);
    return value == NULL ? NULL : *(void *const *)value->elements;
}

/* ---- What they refer to ---- */

cudnnStatus_t double_cudnn_check_elements(const struct double_cudnn_attribute *attribute,
                                          int64_t count, void *const *elements) {
    for (int64_t i = 0; i < count; i++) {
        if (attribute->type == CUDNN_TYPE_HANDLE && elements[i] == NULL)
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no handle");
        if (attribute->type == CUDNN_TYPE_HANDLE && !double_cudnn_is_handle(elements[i]))
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "%p is no handle", elements[i]);
        if (attribute->type != CUDNN_TYPE_BACKEND_DESCRIPTOR)
            continue;
        if (!double_cudnn_is_descriptor(elements[i]))
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "%p is no descriptor",
                                       elements[i]);
        const struct double_cudnn_descriptor *part = elements[i];
        if (!double_cudnn_takes(attribute, part->kind))
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE,
                                       "attribute %d takes no descriptor of kind %d",
                                       (int)attribute->name, (int)part->kind);
    }
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t double_cudnn_check_finalized(int64_t count,
                                           struct double_cudnn_descriptor *const *parts) {
    for (int64_t i = 0; i < count; i++)
        if (!parts[i]->finalized)
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED,
                                       "a part of kind %d was not finalised",
                                       (int)parts[i]->kind);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t double_cudnn_check(cudnnBackendDescriptor_t descriptor,
                                 cudnnBackendDescriptorType_t kind) {
    if (!double_cudnn_is_descriptor(descriptor))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "%p is no descriptor", descriptor);
    const struct double_cudnn_descriptor *known = descriptor;
    if (known->kind != kind)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE,
                                   "a descriptor of kind %d, not %d", (int)known->kind,
                                   (int)kind);
    return known->finalized
               ? CUDNN_STATUS_SUCCESS
               : double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED,
                                     "a descriptor of kind %d was not finalised", (int)kind);
}
