/* Descriptors: setting their attributes, and reading them. */
#include <string.h>

#include "cudnn_calls.h"
#include "cudnn_descriptors.h"

/* ---- Setting ---- */

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
    if (!double_cudnn_is_descriptor(descriptor))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor");
    size_t place;
    const struct double_cudnn_attribute *attribute = double_cudnn_find(descriptor, name, &place);
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
    status = double_cudnn_check_elements(attribute, count, elements);
    /* Other parts may be finalised later. */
    if (status == CUDNN_STATUS_SUCCESS && name == CUDNN_ATTR_OPERATIONGRAPH_OPS)
        status = double_cudnn_check_finalized(count, elements);
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
    if (!double_cudnn_is_descriptor(to))
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
    if (!double_cudnn_is_descriptor(descriptor))
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no descriptor");
    size_t place;
    const cudnnStatus_t status =
        check_type(double_cudnn_find(descriptor, name, &place), name, type);
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
