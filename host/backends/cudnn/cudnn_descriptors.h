/* Descriptors of cuDNN that are made together and live together: one that was made of others may
 * look at them for as long as it lives.
 *
 * Errors stick, as those of a FILE do: after the first call that failed none is made, and who made
 * them all asks once, at the end. */
#ifndef DENSEBLOCK_HOST_CUDNN_DESCRIPTORS_H
#define DENSEBLOCK_HOST_CUDNN_DESCRIPTORS_H

#include "backends/cudnn/cudnn_library.h"

/* As many as a list of engines has, and what they are found with. */
enum { DBLK_CUDNN_MOST_DESCRIPTORS = 80 };

struct dblk_cudnn_descriptors {
    const struct dblk_cudnn *cudnn;
    cudnnStatus_t status; /* of the first call that failed */
    const char *function; /* its name */
    int count;
    cudnnBackendDescriptor_t all[DBLK_CUDNN_MOST_DESCRIPTORS];
};

/* Makes one; NULL after an error. */
cudnnBackendDescriptor_t dblk_cudnn_add(struct dblk_cudnn_descriptors *set,
                                        cudnnBackendDescriptorType_t kind);

void dblk_cudnn_set(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor,
                    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                    int64_t count, const void *values);

/* One attribute that is another descriptor. */
void dblk_cudnn_link(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor,
                     cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t other);

/* At most `most` values; returns how many there are, which may be more. 0 after an error. */
int64_t dblk_cudnn_get(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor,
                       cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                       int64_t most, void *values);

void dblk_cudnn_finalize(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t descriptor);

/* As dblk_cudnn_check, of the first call that failed. */
denseblock_status dblk_cudnn_status(const struct dblk_cudnn_descriptors *set);

/* Whether what failed was that cuDNN does not do what it was asked for. */
bool dblk_cudnn_is_refusal(const struct dblk_cudnn_descriptors *set);

/* From one set to another one, which has room. */
void dblk_cudnn_move(struct dblk_cudnn_descriptors *from, cudnnBackendDescriptor_t descriptor,
                     struct dblk_cudnn_descriptors *to);

/* Destroys all, the last one first. The set is empty then, without an error. */
void dblk_cudnn_destroy(struct dblk_cudnn_descriptors *set);

#endif
