/* The real cuDNN, where it is installed. It needs no GPU here: since version 9.8 it looks for engines
 * for any GPU whose properties it is told. Those that compile a kernel first, as all do that have the
 * ReLU in their graph, want a driver and the GPU itself: here they are left out. */
#include <stdio.h>
#include <stdlib.h>

#include "backends/cudnn/cudnn_library.h"
#include "backends/cudnn/cudnn_steps.h"
#include "block/descriptor.h"
#include "device/device.h"
#include "suite.h"
#include "text/text.h"

START_TEST(all_its_functions_are_found) {
    struct dblk_cudnn cudnn;
    struct dblk_problem problem;
    ck_assert_msg(dblk_cudnn_load(&cudnn, &problem) == DENSEBLOCK_OK, "%s", problem.text);
    static const struct {
        cudnnStatus_t error;
        denseblock_status status;
    } errors[] = {
        {CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, DENSEBLOCK_OUT_OF_MEMORY},
        {CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, DENSEBLOCK_OUT_OF_MEMORY},
        {CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED, DENSEBLOCK_UNAVAILABLE},
        {CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, DENSEBLOCK_UNAVAILABLE},
        {CUDNN_STATUS_BAD_PARAM, DENSEBLOCK_DEVICE_FAILED},
        {CUDNN_STATUS_EXECUTION_FAILED, DENSEBLOCK_DEVICE_FAILED},
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        ck_fails(dblk_cudnn_check(&cudnn, errors[i].error, "cudnnBackendExecute"),
                 errors[i].status, "cudnnBackendExecute failed: ");
        ck_assert_ptr_nonnull(
            strstr(denseblock_last_error(), cudnn.cudnnGetErrorString(errors[i].error)));
    }
    ck_ok(dblk_cudnn_check(&cudnn, CUDNN_STATUS_SUCCESS, "cudnnBackendExecute"));
}
END_TEST

START_TEST(its_version_is_told) {
    denseblock_cuda cuda;
    denseblock_cuda_query(&cuda);
    ck_assert_int_ge(cuda.cudnn_version, 90000);
    ck_assert_int_lt(cuda.cudnn_version, 100000);
}
END_TEST

static const struct dblk_cudnn_convolution plain = {
    .type = DENSEBLOCK_F32,
    .images = 2,
    .height = 5,
    .width = 7,
    .kernel_height = 3,
    .kernel_width = 3,
    .channels = 12,
    .growth = 4,
    .input_stride = 24,
    .input_alignment = 16,
    .output_stride = 24,
    .output_alignment = 8,
};

static void check_graph(const struct dblk_cudnn *cudnn,
                        const struct dblk_cudnn_convolution *convolution) {
    struct dblk_cudnn_descriptors set = {.cudnn = cudnn};
    cudnnBackendDescriptor_t graph = dblk_cudnn_build_graph(&set, NULL, convolution);
    ck_ok(dblk_cudnn_status(&set));
    ck_assert_ptr_nonnull(graph);
    dblk_cudnn_destroy(&set);
}

START_TEST(it_takes_every_graph_that_is_made) {
    struct dblk_cudnn cudnn;
    struct dblk_problem problem;
    ck_ok(dblk_cudnn_load(&cudnn, &problem));
    for (int type = 0; type < 4; type++)
        for (int relu = 0; relu < 2; relu++)
            for (int size = 1; size < 6; size++) {
                struct dblk_cudnn_convolution convolution = plain;
                convolution.type = (denseblock_type)type;
                convolution.relu = relu == 1;
                convolution.kernel_height = size;
                convolution.kernel_width = 6 - size;
                check_graph(&cudnn, &convolution);
            }
}
END_TEST

START_TEST(what_it_says_of_a_mistake_is_told) {
    struct dblk_cudnn cudnn;
    struct dblk_problem problem;
    ck_ok(dblk_cudnn_load(&cudnn, &problem));
    struct dblk_cudnn_convolution convolution = plain;
    convolution.output_alignment = 2; /* less than an element */
    struct dblk_cudnn_descriptors set = {.cudnn = &cudnn};
    (void)dblk_cudnn_build_graph(&set, NULL, &convolution);
    ck_assert(dblk_cudnn_is_refusal(&set));
    ck_fails(dblk_cudnn_status(&set), DENSEBLOCK_DEVICE_FAILED, "cudnnBackend");
    ck_assert_ptr_nonnull(strstr(denseblock_last_error(), "CUDNN_STATUS_BAD_PARAM"));
    dblk_cudnn_destroy(&set);
    check_graph(&cudnn, &plain);
}
END_TEST

#if CUDNN_VERSION >= 90800
/* A GPU, as far as engines look at it. */
struct gpu {
    int capability, multiprocessors, shared_memory, threads;
};

static const struct gpu gpus[] = {
    {75, 40, 65536, 1024},   {80, 108, 166912, 2048},  {86, 84, 101376, 1536},
    {90, 132, 232448, 2048}, {100, 148, 232448, 2048}, {120, 170, 101376, 1536},
};

/* The GPU in place of the handle, which only who has one can make. */
static struct {
    struct dblk_cudnn real;
    cudnnBackendDescriptor_t properties;
} pretended;

static cudnnStatus_t set_attribute(cudnnBackendDescriptor_t descriptor,
                                   cudnnBackendAttributeName_t name,
                                   cudnnBackendAttributeType_t type, int64_t count,
                                   const void *values) {
    const struct dblk_cudnn *real = &pretended.real;
    if (name == CUDNN_ATTR_OPERATIONGRAPH_HANDLE)
        return CUDNN_STATUS_SUCCESS;
    if (name == CUDNN_ATTR_EXECUTION_PLAN_HANDLE)
        return real->cudnnBackendSetAttribute(descriptor, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP,
                                              CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                              (const void *)&pretended.properties);
    const cudnnStatus_t status =
        real->cudnnBackendSetAttribute(descriptor, name, type, count, values);
    if (status != CUDNN_STATUS_SUCCESS || name != CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)
        return status;
    return real->cudnnBackendSetAttribute(descriptor, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP,
                                          CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                          (const void *)&pretended.properties);
}

/* Engines that compile are taken for engines that want a kernel in an order of their own. */
static cudnnStatus_t get_attribute(cudnnBackendDescriptor_t descriptor,
                                   cudnnBackendAttributeName_t name,
                                   cudnnBackendAttributeType_t type, int64_t most, int64_t *count,
                                   void *values) {
    const cudnnStatus_t status =
        pretended.real.cudnnBackendGetAttribute(descriptor, name, type, most, count, values);
    if (status != CUDNN_STATUS_SUCCESS || name != CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE)
        return status;
    cudnnBackendBehaviorNote_t *notes = values;
    for (int64_t i = 0; i < *count && i < most; i++)
        if (notes[i] == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)
            notes[i] = CUDNN_BEHAVIOR_NOTE_REQUIRES_FILTER_INT8x32_REORDER;
    return status;
}

/* In the form in which cuDNN writes the properties of a GPU. */
static void write_properties(const struct gpu *gpu, char *text, size_t size) {
    const int length = snprintf(
        text, size,
        "{\"maxGridSize\":[2147483647,65535,65535],\"maxBlockSize\":[1024,1024,64],"
        "\"regsPerBlock\":65536,\"multiProcessorCount\":%d,\"warpSize\":32,"
        "\"maxSharedMemoryPerBlock\":49152,\"maxSharedMemoryPerBlockOptin\":%d,"
        "\"reservedSharedMemoryPerBlock\":1024,\"maxRegistersPerSM\":65536,\"maxCtasPerSM\":16,"
        "\"maxThreadsPerBlock\":1024,\"maxThreadsPerSM\":%d,\"pciDeviceId\":0,"
        "\"isTccDriver\":0,\"supportCoopLaunch\":1,\"totalGlobalMem\":17179869184,"
        "\"smClockRateKHz\":1500000,\"memClockRateKHz\":2000000,\"l2CacheSize\":41943040,"
        "\"cudaDeviceId\":0,\"deviceVer\":%d,\"driverVer\":13000,\"deviceName\":\"NVIDIA GPU\"}",
        gpu->multiprocessors, gpu->shared_memory, gpu->threads, gpu->capability * 10);
    ck_assert_int_lt(length, (int)size);
}

/* cuDNN for that GPU. */
static struct dblk_cudnn pretend(const struct gpu *gpu) {
    struct dblk_problem problem;
    char text[1024];
    struct dblk_cudnn_descriptors set = {.cudnn = &pretended.real};
    ck_ok(dblk_cudnn_load(&pretended.real, &problem));
    write_properties(gpu, text, sizeof text);
    pretended.properties = dblk_cudnn_add(&set, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    dblk_cudnn_set(&set, pretended.properties, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                   CUDNN_TYPE_CHAR, (int64_t)strlen(text), text);
    dblk_cudnn_finalize(&set, pretended.properties);
    ck_ok(dblk_cudnn_status(&set)); /* the set is left, and what it holds lives on */
    struct dblk_cudnn cudnn = pretended.real;
    cudnn.cudnnBackendSetAttribute = set_attribute;
    cudnn.cudnnBackendGetAttribute = get_attribute;
    return cudnn;
}

static void stop_pretending(void) {
    (void)pretended.real.cudnnBackendDestroyDescriptor(pretended.properties);
}

/* What the backend adds to a plan, as far as its steps. */
static denseblock_status plan_steps(const denseblock_desc *desc, const struct dblk_cudnn *cudnn,
                                    struct dblk_text *description) {
    denseblock_plan *plan =
        calloc(1, sizeof *plan + (size_t)desc->layer_count * sizeof(struct dblk_layer));
    struct dblk_cudnn_plan *details =
        calloc(1, sizeof *details + (size_t)desc->layer_count * sizeof(struct dblk_cudnn_layer));
    ck_assert(plan != NULL && details != NULL);
    ck_ok(dblk_descriptor_lay_out(desc, plan));
    details->library = *cudnn;
    details->version = cudnn->cudnnGetVersion();
    plan->details = details;
    const denseblock_status status = dblk_cudnn_plan_steps(plan, (size_t)64 << 20);
    if (status == DENSEBLOCK_OK)
        dblk_cudnn_plan_describe(description, plan);
    dblk_cudnn_discard_steps(plan);
    free(details);
    free(plan);
    return status;
}

/* Blocks of three layers: of practice, of odd channels, of even kernel sizes, of one pixel. */
static const struct {
    int64_t batch, height, width, channels, kernel_height, kernel_width, growth;
} blocks[] = {
    {8, 14, 14, 256, 3, 3, 32}, {64, 32, 32, 16, 3, 3, 12}, {3, 5, 7, 5, 3, 3, 3},
    {2, 9, 6, 8, 2, 4, 4},      {1, 1, 1, 1, 1, 1, 1},      {2, 7, 7, 512, 5, 1, 32},
};

static void check_gpu(const struct gpu *gpu, denseblock_type type,
                      denseblock_arithmetic arithmetic) {
    const struct dblk_cudnn cudnn = pretend(gpu);
    for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
        char text[4096];
        struct dblk_text description = {.start = text, .capacity = sizeof text};
        denseblock_layer layers[3];
        const denseblock_desc desc = {.batch = blocks[b].batch,
                                      .height = blocks[b].height,
                                      .width = blocks[b].width,
                                      .channels = blocks[b].channels,
                                      .layer_count = 3,
                                      .layers = layers,
                                      .type = type,
                                      .arithmetic = arithmetic};
        denseblock_layers_fill(layers, 3, blocks[b].kernel_height, blocks[b].kernel_width,
                               blocks[b].growth);
        const denseblock_status status = plan_steps(&desc, &cudnn, &description);
        if (type == DENSEBLOCK_BF16 && gpu->capability < 80) { /* which has no such numbers */
            ck_assert_int_eq((int)status, (int)DENSEBLOCK_UNSUPPORTED);
            continue;
        }
        ck_assert_msg(status == DENSEBLOCK_OK, "sm_%d, %s, block %zu: %s", gpu->capability,
                      denseblock_type_name(type), b, denseblock_last_error());
        if (getenv("SHOW_PLANS") != NULL)
            printf("sm_%d, %s: %s", gpu->capability, denseblock_type_name(type), text);
    }
    stop_pretending();
}

START_TEST(it_has_engines_for_every_gpu_type_and_block) {
    if (pretended.real.cudnnGetVersion() < 90800) {
        printf("SKIP: cuDNN looks for engines without a GPU since version 9.8\n");
        return;
    }
    for (size_t g = 0; g < sizeof gpus / sizeof gpus[0]; g++) {
        for (int type = 0; type < 4; type++)
            check_gpu(&gpus[g], (denseblock_type)type, DENSEBLOCK_ARITHMETIC_FULL);
        check_gpu(&gpus[g], DENSEBLOCK_F32, DENSEBLOCK_ARITHMETIC_TF32);
    }
}
END_TEST
#endif

Suite *suite(void) {
    const TTest *const tests[] = {
        all_its_functions_are_found,
        its_version_is_told,
        it_takes_every_graph_that_is_made,
        what_it_says_of_a_mistake_is_told,
#if CUDNN_VERSION >= 90800
        it_has_engines_for_every_gpu_type_and_block,
#endif
        NULL,
    };
    const TTest *const without[] = {NULL};
    struct dblk_cudnn cudnn;
    struct dblk_problem problem;
    if (dblk_cudnn_load(&cudnn, &problem) == DENSEBLOCK_OK) {
#if CUDNN_VERSION >= 90800
        pretended.real = cudnn;
#endif
        return suite_of("cudnn_library", tests);
    }
    printf("SKIP: %s\n", problem.text);
    return suite_of("cudnn_library", without);
}
