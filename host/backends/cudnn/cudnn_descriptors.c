#include "backends/cudnn/cudnn_descriptors.h"

static void note(struct dblk_cudnn_descriptors *set, cudnnStatus_t status, const char *function) {
    set->status = status;
    set->function = function;
}

cudnnBackendDescriptor_t dblk_cudnn_add(struct dblk_cudnn_descriptors *set,
                                        cudnnBackendDescriptorType_t kind) {
    cudnnBackendDescriptor_t descriptor = NULL;
    if (set->status != CUDNN_STATUS_SUCCESS)
        return NULL;
    note(set, set->cudnn->cudnnBackendCreateDescriptor(kind, &descriptor),
         "cudnnBackendCreateDescriptor");
    if (set->status != CUDNN_STATUS_SUCCESS)
        return NULL;
    set->all[set->count++] = descriptor;
    return descriptor;
}

void dblk_cudnn_set(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor,
                    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                    int64_t count, const void *values) {
    if (set->status == CUDNN_STATUS_SUCCESS)
        note(set, set->cudnn->cudnnBackendSetAttribute(descriptor, name, type, count, values),
             "cudnnBackendSetAttribute");
}

void dblk_cudnn_link(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor,
                     cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t other) {
    dblk_cudnn_set(set, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &other);
}

int64_t dblk_cudnn_get(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor,
                       cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                       int64_t most, void *values) {
    int64_t count = 0;
    if (set->status == CUDNN_STATUS_SUCCESS)
        note(set,
             set->cudnn->cudnnBackendGetAttribute(descriptor, name, type, most, &count, values),
             "cudnnBackendGetAttribute");
    return set->status == CUDNN_STATUS_SUCCESS ? count : 0;
}

void dblk_cudnn_finalize(struct dblk_cudnn_descriptors *set,
                         cudnnBackendDescriptor_t descriptor) {
    if (set->status == CUDNN_STATUS_SUCCESS)
        note(set, set->cudnn->cudnnBackendFinalize(descriptor), "cudnnBackendFinalize");
}

denseblock_status dblk_cudnn_status(const struct dblk_cudnn_descriptors *set) {
    return dblk_cudnn_check(set->cudnn, set->status, set->function);
}

/* Sizes beyond what it takes are bad parameters to it. */
bool dblk_cudnn_is_refusal(const struct dblk_cudnn_descriptors *set) {
    const int category = CUDNN_STATUS_CATEGORY(set->status);
    return category == CUDNN_STATUS_NOT_SUPPORTED || category == CUDNN_STATUS_BAD_PARAM;
}

void dblk_cudnn_move(struct dblk_cudnn_descriptors *from, cudnnBackendDescriptor_t descriptor,
                     struct dblk_cudnn_descriptors *to) {
    for (int i = 0; i < from->count; i++)
        if (from->all[i] == descriptor)
            from->all[i] = NULL;
    to->all[to->count++] = descriptor;
}

void dblk_cudnn_destroy(struct dblk_cudnn_descriptors *set) {
    while (set->count > 0) {
        cudnnBackendDescriptor_t descriptor = set->all[--set->count];
        if (descriptor != NULL) /* nobody is left to be told of an error */
            (void)set->cudnn->cudnnBackendDestroyDescriptor(descriptor);
    }
    set->status = CUDNN_STATUS_SUCCESS;
}
