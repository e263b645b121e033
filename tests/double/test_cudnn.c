/* Suite: the double of cuDNN takes descriptors as NVIDIA documents them, and refuses others. */
#include "cudnn_case.h"

static const int64_t dimensions[] = {2, 5, 7, 3}, strides[] = {105, 1, 15, 5};

static int set(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
               cudnnBackendAttributeType_t type, int64_t count, const void *elements) {
    return (int)cudnnBackendSetAttribute(descriptor, name, type, count, elements);
}

START_TEST(an_attribute_has_its_type_its_count_and_its_descriptor) {
    struct cudnn_case with;
    const int64_t numbers[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const float one = 1;
    begin_case(&with, &usual);
    cudnnBackendDescriptor_t tensor = new_tensor(&with, 1, dimensions, strides, false);
    ck_cudnn(set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_FLOAT, 1, &one),
             CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    ck_cudnn(set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 2, numbers),
             CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 0, numbers),
             CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(set(tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 9, numbers),
             CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, NULL),
             CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(set(tensor, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, numbers),
             CUDNN_STATUS_BAD_PARAM);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(attributes_are_set_before_finalising_and_read_after_it) {
    struct cudnn_case with;
    int64_t number = 9, count = 9, numbers[4] = {0, 0, 0, 0};
    begin_case(&with, &usual);
    cudnnBackendDescriptor_t tensor = new_tensor(&with, 1, dimensions, strides, false);
    ck_cudnn(cudnnBackendGetAttribute(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1,
                                      &count, &number),
             CUDNN_STATUS_NOT_INITIALIZED);
    ck_success(cudnnBackendFinalize(tensor));
    ck_cudnn(cudnnBackendFinalize(tensor), CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(set(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &number),
             CUDNN_STATUS_BAD_PARAM);
    ck_success(cudnnBackendGetAttribute(tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 0,
                                        &count, NULL));
    ck_assert_int_eq(count, 4);
    ck_success(cudnnBackendGetAttribute(tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 3,
                                        &count, numbers));
    ck_assert_int_eq(count, 3);
    ck_assert_int_eq(numbers[2], 15);
    ck_assert_int_eq(numbers[3], 0);
    ck_cudnn(cudnnBackendGetAttribute(tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_FLOAT, 4,
                                      &count, numbers),
             CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(what_a_tensor_needs_is_there_and_good) {
    static const int64_t no_dimension[] = {2, 0, 7, 3}, no_stride[] = {105, 1, -15, 5};
    struct cudnn_case with;
    struct convolution of = usual;
    begin_case(&with, &of);
    ck_cudnn(cudnnBackendFinalize(new_descriptor(&with, CUDNN_BACKEND_TENSOR_DESCRIPTOR)),
             CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(cudnnBackendFinalize(new_tensor(&with, 1, no_dimension, strides, false)),
             CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(cudnnBackendFinalize(new_tensor(&with, 1, dimensions, no_stride, false)),
             CUDNN_STATUS_BAD_PARAM);
    cudnnBackendDescriptor_t short_strides = new_tensor(&with, 1, dimensions, strides, false);
    set_many(short_strides, TENSOR_STRIDES, INT64, 3, strides);
    ck_cudnn(cudnnBackendFinalize(short_strides), CUDNN_STATUS_BAD_PARAM);
    with.of.alignment = 6;
    ck_cudnn(cudnnBackendFinalize(new_tensor(&with, 1, dimensions, strides, false)),
             CUDNN_STATUS_BAD_PARAM);
    with.of.alignment = 16;
    ck_success(cudnnBackendFinalize(new_tensor(&with, 1, dimensions, strides, false)));
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(what_a_convolution_needs_is_there_and_good) {
    static const int64_t negative[] = {-1, 1}, zero[] = {1, 0}, three = 3;
    struct cudnn_case with;
    begin_case(&with, &usual);
    cudnnBackendDescriptor_t padding = new_convolution(&with), dilation = new_convolution(&with);
    cudnnBackendDescriptor_t step = new_convolution(&with), axes = new_convolution(&with);
    set_many(padding, CONVOLUTION_POST_PADDINGS, INT64, 2, negative);
    set_many(dilation, CONVOLUTION_DILATIONS, INT64, 2, zero);
    set_many(step, CONVOLUTION_FILTER_STRIDES, INT64, 2, zero);
    set_one(axes, CONVOLUTION_SPATIAL_DIMS, INT64, &three);
    ck_cudnn(cudnnBackendFinalize(padding), CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(cudnnBackendFinalize(dilation), CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(cudnnBackendFinalize(step), CUDNN_STATUS_BAD_PARAM);
    ck_cudnn(cudnnBackendFinalize(axes), CUDNN_STATUS_BAD_PARAM);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(an_operation_needs_tensors_that_fit_and_are_finalised) {
    static const int64_t wrong[] = {2, 4, 7, 4}, wrong_strides[] = {112, 1, 16, 4};
    struct cudnn_case with;
    begin_case(&with, &usual);
    cudnnBackendDescriptor_t forward = new_forward(&with), convolution = new_convolution(&with);
    cudnnBackendDescriptor_t y = new_tensor(&with, UID_Y, wrong, wrong_strides, false);
    ck_cudnn(set(forward, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                 CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &convolution),
             CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_Y, BACKEND_DESCRIPTOR, &y);
    ck_cudnn(cudnnBackendFinalize(forward), CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
    ck_success(cudnnBackendFinalize(y));
    ck_cudnn(cudnnBackendFinalize(forward), CUDNN_STATUS_BAD_PARAM);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(a_part_destroyed_before_its_whole_is_finalised_is_a_mistake) {
    struct cudnn_case with;
    begin_case(&with, &usual);
    cudnnBackendDescriptor_t forward = new_forward(&with);
    /* The tensor x is the first that was made. */
    ck_success(cudnnBackendDestroyDescriptor(with.descriptors[0]));
    with.descriptors[0] = with.descriptors[--with.descriptor_count];
    ck_cudnn(cudnnBackendFinalize(forward), CUDNN_STATUS_BAD_PARAM);
    ck_mistake("the descriptor of cuDNN was destroyed");
    end_case(&with);
}
END_TEST

START_TEST(a_graph_is_a_convolution_with_a_handle_and_identifiers_of_its_own) {
    static const int64_t filter[] = {4, 5, 3, 3}, filter_strides[] = {45, 1, 15, 5};
    struct cudnn_case with;
    begin_case(&with, &usual);
    cudnnBackendDescriptor_t graph =
        new_descriptor(&with, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    cudnnBackendDescriptor_t forward = new_forward(&with);
    cudnnBackendDescriptor_t w = new_tensor(&with, UID_X, filter, filter_strides, false);
    ck_success(cudnnBackendFinalize(w));
    ck_cudnn(
        set(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &forward),
        CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED);
    set_one(forward, OPERATION_CONVOLUTION_FORWARD_W, BACKEND_DESCRIPTOR, &w);
    ck_success(cudnnBackendFinalize(forward));
    set_one(graph, OPERATIONGRAPH_OPS, BACKEND_DESCRIPTOR, &forward);
    ck_cudnn(cudnnBackendFinalize(graph), CUDNN_STATUS_BAD_PARAM);
    set_one(graph, OPERATIONGRAPH_HANDLE, HANDLE, &with.handle);
    ck_cudnn(cudnnBackendFinalize(graph), CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES);
    cudnnBackendDescriptor_t twice[2] = {forward, forward};
    set_many(graph, OPERATIONGRAPH_OPS, BACKEND_DESCRIPTOR, 2, twice);
    ck_cudnn(cudnnBackendFinalize(graph), CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN);
    ck_no_mistakes();
    end_case(&with);
}
END_TEST

START_TEST(handles_and_descriptors_are_given_back_once) {
    cudnnHandle_t handle = NULL;
    cudnnBackendDescriptor_t tensor = NULL;
    cuda_double_begin(NULL);
    ck_success(cudnnCreate(&handle));
    ck_success(cudnnBackendCreateDescriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, &tensor));
    ck_assert_ptr_nonnull(strstr(cuda_double_leaks(), "handle of cuDNN 1, of cudnnCreate"));
    ck_assert_ptr_nonnull(
        strstr(cuda_double_leaks(), "descriptor of cuDNN 1, of cudnnBackendCreateDescriptor"));
    cuda_double_fail("cudnnDestroy", 1, cudaErrorUnknown);
    ck_cudnn(cudnnDestroy(handle), CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    cuda_double_fail("cudnnBackendDestroyDescriptor", 1, cudaErrorUnknown);
    ck_cudnn(cudnnBackendDestroyDescriptor(tensor), CUDNN_STATUS_EXECUTION_FAILED_CUDART);
    ck_assert_str_eq(cuda_double_leaks(), "");
    ck_success(cudnnBackendDestroyDescriptor(tensor));
    ck_success(cudnnDestroy(handle));
    ck_no_mistakes();
    ck_assert_int_ne((int)cudnnBackendDestroyDescriptor(tensor), CUDNN_STATUS_SUCCESS);
    ck_mistake("the descriptor of cuDNN was destroyed");
    ck_assert_int_ne((int)cudnnDestroy(handle), CUDNN_STATUS_SUCCESS);
    ck_mistake("the handle of cuDNN was destroyed");
    ck_cuda(cudaPeekAtLastError()); /* which cuDNN does not touch */
}
END_TEST

Suite *suite(void) {
    const TTest *const tests[] = {
        an_attribute_has_its_type_its_count_and_its_descriptor,
        attributes_are_set_before_finalising_and_read_after_it,
        what_a_tensor_needs_is_there_and_good,
        what_a_convolution_needs_is_there_and_good,
        an_operation_needs_tensors_that_fit_and_are_finalised,
        a_part_destroyed_before_its_whole_is_finalised_is_a_mistake,
        a_graph_is_a_convolution_with_a_handle_and_identifiers_of_its_own,
        handles_and_descriptors_are_given_back_once,
        NULL,
    };
    return suite_of("double.cudnn", tests);
}
