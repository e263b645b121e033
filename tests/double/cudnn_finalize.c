/* Descriptors: finalising them. */
#include "cudnn_finalize.h"

#include "cudnn_calls.h"

/* What it refers to is still there, and finalised. */
static cudnnStatus_t check_value(const struct double_cudnn_attribute *attribute,
                                 const struct double_cudnn_value *value) {
    if (!value->is_set)
        return attribute->setting != DOUBLE_CUDNN_REQUIRED
                   ? CUDNN_STATUS_SUCCESS
                   : double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "attribute %d was not set",
                                         (int)attribute->name);
    cudnnStatus_t status = double_cudnn_check_elements(attribute, value->count, value->elements);
    if (attribute->type != CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return status;
    return status == CUDNN_STATUS_SUCCESS
               ? double_cudnn_check_finalized(value->count, value->elements)
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
    if (!double_cudnn_is_descriptor(descriptor))
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
