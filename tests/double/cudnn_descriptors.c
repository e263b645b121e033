/* Descriptors: how they are made, filled, finalised and read. */
#include "cudnn_descriptors.h"

#include <string.h>

#include "allocate.h"
#include "cudnn_calls.h"
#include "cudnn_finalize.h"
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

static bool is_descriptor(const void *descriptor) {
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
    if (!is_descriptor(descriptor))
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

/* The attribute of that name; NULL: the kind has none. */
static const struct double_cudnn_attribute *
find_attribute(const struct double_cudnn_descriptor *descriptor, cudnnBackendAttributeName_t name,
               size_t *place) {
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
    (void)find_attribute(descriptor, name, &place);
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
    (void)find_attribute(descriptor, name, &place);
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

/* ---- Setting ---- */

/* Elements that point to something point to what is there. */
static cudnnStatus_t check_elements(const struct double_cudnn_attribute *attribute, int64_t count,
                                    void *const *elements) {
    for (int64_t i = 0; i < count; i++) {
        if (attribute->type == CUDNN_TYPE_HANDLE && elements[i] == NULL)
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no handle");
        if (attribute->type == CUDNN_TYPE_HANDLE && !double_cudnn_is_handle(elements[i]))
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "%p is no handle", elements[i]);
        if (attribute->type != CUDNN_TYPE_BACKEND_DESCRIPTOR)
            continue;
        if (!is_descriptor(elements[i]))
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

static cudnnStatus_t check_finalized(int64_t count,
                                     struct double_cudnn_descriptor *const *parts) {
    for (int64_t i = 0; i < count; i++)
        if (!parts[i]->finalized)
            return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED,
                                       "a part of kind %d was not finalised",
                                       (int)parts[i]->kind);
    return CUDNN_STATUS_SUCCESS;
}

/* Of setting and getting. */
static cudnnStatus_t check_type(const struct double_cudnn_attribute *attribute,
                                cudnnBackendAttributeName_t name,
                                cudnnBackendAttributeType_t type) {
    if (attribute == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM,
                                   "attribute %d is none of this descriptor", (int)name);
    if (type != attribute->type && type != attribute->or_type)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE,
                                   "attribute %d is of type %d, not %d", (int)name,
                                   (int)attribute->type, (int)type);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t set(struct double_cudnn_descriptor *descriptor,
                         cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                         int64_t count, const void *elements) {
    if (!is_descriptor(descriptor))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor");
    size_t place;
    const struct double_cudnn_attribute *attribute = find_attribute(descriptor, name, &place);
    cudnnStatus_t status = check_type(attribute, name, type);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (descriptor->finalized)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM,
                                   "attribute %d of a finalised descriptor", (int)name);
    if (attribute->setting == DOUBLE_CUDNN_GIVEN)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d cannot be set",
                                   (int)name);
    if (count < attribute->least || count > attribute->most)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d with %lld elements",
                                   (int)name, (long long)count);
    if (elements == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d without elements",
                                   (int)name);
    status = check_elements(attribute, count, elements);
    /* Other parts may be finalised later. */
    if (status == CUDNN_STATUS_SUCCESS && name == CUDNN_ATTR_OPERATIONGRAPH_OPS)
        status = check_finalized(count, elements);
    if (status == CUDNN_STATUS_SUCCESS)
        double_cudnn_put(descriptor, name, type, count, elements);
    return status;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count,
                                       const void *elements) {
    CUDNN_CALL(DOUBLE_NOTHING, set(descriptor, name, type, count, elements));
}

/* ---- Getting ---- */

/* Descriptors are not given out: one that the caller made becomes the same as the part. */
static cudnnStatus_t copy_part(cudnnBackendDescriptor_t to,
                               const struct double_cudnn_descriptor *part) {
    if (!is_descriptor(to))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "%p is no descriptor", to);
    struct double_cudnn_descriptor *copy = to;
    if (copy->kind != part->kind || copy->finalized)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE,
                                   "not a new descriptor of kind %d", (int)part->kind);
    size_t count;
    const struct double_cudnn_attribute *row = double_cudnn_attributes(part->kind, &count);
    for (size_t i = 0; i < count; i++)
        if (part->values[i].is_set)
            double_cudnn_put(copy, row[i].name, part->values[i].type, part->values[i].count,
                             part->values[i].elements);
    copy->finalized = true;
    return CUDNN_STATUS_SUCCESS;
}

/* As many elements as there are and are asked for. */
static cudnnStatus_t copy_elements(const struct double_cudnn_value *value, int64_t requested,
                                   void *elements) {
    const int64_t count = value->count < requested ? value->count : requested;
    if (value->type != CUDNN_TYPE_BACKEND_DESCRIPTOR) {
        if (count > 0)
            memcpy(elements, value->elements,
                   (size_t)count * double_cudnn_type_bytes(value->type));
        return CUDNN_STATUS_SUCCESS;
    }
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < count && status == CUDNN_STATUS_SUCCESS; i++)
        status = copy_part(((void **)elements)[i],
                           ((struct double_cudnn_descriptor *const *)value->elements)[i]);
    return status;
}

/* All that there are, or as many as there was place for. What heuristics will name is not known
 * exactly ahead: at most so many. */
static int64_t count_elements(cudnnBackendAttributeName_t name,
                              const struct double_cudnn_value *value, int64_t requested) {
    if (requested == 0)
        return value->count + (name == CUDNN_ATTR_ENGINEHEUR_RESULTS && value->count > 0 ? 1 : 0);
    return value->count < requested ? value->count : requested;
}

static cudnnStatus_t get(const struct double_cudnn_descriptor *descriptor,
                         cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                         int64_t requested, int64_t *count, void *elements) {
    if (!is_descriptor(descriptor))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor");
    size_t place;
    const cudnnStatus_t status = check_type(find_attribute(descriptor, name, &place), name, type);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (!descriptor->finalized)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_INITIALIZED,
                                   "attribute %d of a descriptor that is not finalised",
                                   (int)name);
    const struct double_cudnn_value *value = &descriptor->values[place];
    if (value->is_set && value->type != type)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE,
                                   "attribute %d was set as type %d", (int)name,
                                   (int)value->type);
    if (requested < 0 || (count == NULL && requested == 0))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d for nothing", (int)name);
    if (count != NULL)
        *count = count_elements(name, value, requested);
    /* With no place for them, they are only counted. */
    return elements == NULL ? CUDNN_STATUS_SUCCESS : copy_elements(value, requested, elements);
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t requested,
                                       int64_t *count, void *elements) {
    CUDNN_CALL(DOUBLE_NOTHING, get(descriptor, name, type, requested, count, elements));
}

/* ---- Finalising ---- */

cudnnStatus_t double_cudnn_check(cudnnBackendDescriptor_t descriptor,
                                 cudnnBackendDescriptorType_t kind) {
    if (!is_descriptor(descriptor))
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

/* What it refers to is still there, and finalised. */
static cudnnStatus_t check_value(const struct double_cudnn_attribute *attribute,
                                 const struct double_cudnn_value *value) {
    if (!value->is_set)
        return attribute->setting != DOUBLE_CUDNN_REQUIRED
                   ? CUDNN_STATUS_SUCCESS
                   : double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d was not set",
                                         (int)attribute->name);
    cudnnStatus_t status = check_elements(attribute, value->count, value->elements);
    if (attribute->type != CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return status;
    return status == CUDNN_STATUS_SUCCESS ? check_finalized(value->count, value->elements)
                                          : status;
}

static cudnnStatus_t finalize_kind(struct double_cudnn_descriptor *descriptor) {
    static const struct {
        cudnnBackendDescriptorType_t kind;
        double_cudnn_finalize *finalize;
    } kinds[] = {
        {CUDNN_BACKEND_TENSOR_DESCRIPTOR, double_cudnn_finalize_tensor},
        {CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, double_cudnn_finalize_convolution},
        {CUDNN_BACKEND_POINTWISE_DESCRIPTOR, double_cudnn_finalize_pointwise},
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
         double_cudnn_finalize_convolution_forward},
        {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, double_cudnn_finalize_operation_pointwise},
        {CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, double_cudnn_finalize_graph},
        {CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, double_cudnn_finalize_heuristics},
        {CUDNN_BACKEND_ENGINE_DESCRIPTOR, double_cudnn_finalize_engine},
        {CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, double_cudnn_finalize_configuration},
        {CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, double_cudnn_finalize_plan},
        {CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, double_cudnn_finalize_pack},
    };
    size_t i = 0;
    while (kinds[i].kind != descriptor->kind)
        i++;
    return kinds[i].finalize(descriptor);
}

static cudnnStatus_t finalize(struct double_cudnn_descriptor *descriptor) {
    if (!is_descriptor(descriptor))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor");
    if (descriptor->finalized)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "it was finalised before");
    size_t count;
    const struct double_cudnn_attribute *row = double_cudnn_attributes(descriptor->kind, &count);
    for (size_t i = 0; i < count; i++) {
        const cudnnStatus_t status = check_value(&row[i], &descriptor->values[i]);
        if (status != CUDNN_STATUS_SUCCESS)
            return status;
    }
    const cudnnStatus_t status = finalize_kind(descriptor);
    descriptor->finalized = status == CUDNN_STATUS_SUCCESS;
    return status;
}

/* A plan loads its kernels. */
static enum double_need need_of(cudnnBackendDescriptor_t descriptor) {
    const bool known = double_object_is(descriptor, DOUBLE_CUDNN_DESCRIPTOR, false);
    return known && ((struct double_cudnn_descriptor *)descriptor)->kind ==
                        CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR
               ? DOUBLE_UNSAFE
               : DOUBLE_NOTHING;
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
    double_lock();
    const enum double_need need = need_of(descriptor);
    double_unlock();
    CUDNN_CALL(need, finalize(descriptor));
}
