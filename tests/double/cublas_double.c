/* cuBLAS: matrices lie column by column, and a product is an operation of the stream. It is computed
 * in f64 and rounded once, so that its rounding is not that of a GPU. */
#include "cublas_double.h"

#include <cublas_v2.h>
#include <stdint.h>
#include <string.h>

#include "allocate.h"
#include "calls.h"
#include "copies.h"
#include "device_memory.h"
#include "elements/elements.h"
#include "emulator.h"
#include "objects.h"
#include "report.h"
#include "streams.h"

enum {
    WORKSPACE_ALIGNMENT = 256,
    LEAST_WORKSPACE = 16 * 1024,
    GARBAGE = 0xFF,
    GARBAGE_BYTES = 4096
};

struct cublasContext {
    struct double_object object;
    int device;
    cudaStream_t stream;
    struct double_span workspace;
    char *scratch;      /* where it begins */
    bool has_workspace; /* the caller's: setting a stream takes it away */
    cublasPointerMode_t pointer_mode;
    cublasMath_t math_mode;
};

/* ---- What all functions do ---- */

static cublasStatus_t status_of(cudaError_t error) {
    switch (error) {
    case cudaSuccess:
        return CUBLAS_STATUS_SUCCESS;
    case cudaErrorMemoryAllocation:
        return CUBLAS_STATUS_ALLOC_FAILED;
    case cudaErrorInvalidValue:
        return CUBLAS_STATUS_INVALID_VALUE;
    case cudaErrorInitializationError:
    case cudaErrorNoDevice:
        return CUBLAS_STATUS_NOT_INITIALIZED;
    default:
        return CUBLAS_STATUS_EXECUTION_FAILED;
    }
}

/* cuBLAS has a CUDA runtime of its own: the last error of ours is not touched. */
#define CUBLAS_CALL(need, action)                                         \
    do {                                                                  \
        const cudaError_t call_error = double_enter(__func__, need);      \
        const cublasStatus_t call_status =                                \
            call_error == cudaSuccess ? (action) : status_of(call_error); \
        (void)double_leave(cudaSuccess);                                  \
        return call_status;                                               \
    } while (0)

static bool is_handle(cublasHandle_t handle) {
    return double_object_is(handle, DOUBLE_CUBLAS_HANDLE, true);
}

/* ---- Handles ---- */

static cublasStatus_t create(cublasHandle_t *out) {
    if (out == NULL)
        return CUBLAS_STATUS_INVALID_VALUE;
    struct cublasContext *handle = double_new(sizeof *handle);
    handle->object.forget = free;
    handle->device = double_current_device();
    double_object_add(&handle->object, DOUBLE_CUBLAS_HANDLE);
    *out = handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle) {
    CUBLAS_CALL(DOUBLE_UNSAFE, create(handle));
}

static cublasStatus_t destroy(cublasHandle_t handle) {
    if (!is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    double_object_give_back(&handle->object);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    const cudaError_t error = double_enter(__func__, DOUBLE_UNSAFE);
    const cublasStatus_t status = error == cudaSuccess ? destroy(handle) : status_of(error);
    if (error != cudaSuccess)
        double_object_abandon(handle, DOUBLE_CUBLAS_HANDLE);
    (void)double_leave(cudaSuccess);
    return status;
}

static cublasStatus_t set_stream(cublasHandle_t handle, cudaStream_t stream) {
    struct CUstream_st *found = NULL;
    if (!is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (double_stream(stream, &found) != cudaSuccess)
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->stream = stream;
    handle->has_workspace = false;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_stream(handle, stream));
}

static bool is_on_device(struct double_span span) {
    enum double_place place;
    if (double_place(span, &place) != cudaSuccess)
        return false;
    if (place != DOUBLE_ON_DEVICE)
        double_mistake("%s: %p is memory of the host", double_call_name(),
                       (const void *)span.begin);
    return place == DOUBLE_ON_DEVICE;
}

static cublasStatus_t set_workspace(cublasHandle_t handle, void *workspace, size_t bytes) {
    const struct double_span span = {workspace, bytes};
    if (!is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if ((uintptr_t)workspace % WORKSPACE_ALIGNMENT != 0)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (bytes > 0 && !is_on_device(span))
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->workspace = span;
    handle->scratch = workspace;
    handle->has_workspace = true;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t bytes) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_workspace(handle, workspace, bytes));
}

static cublasStatus_t set_pointer_mode(cublasHandle_t handle, cublasPointerMode_t mode) {
    if (!is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (mode != CUBLAS_POINTER_MODE_HOST && mode != CUBLAS_POINTER_MODE_DEVICE)
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->pointer_mode = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode_v2(cublasHandle_t handle, cublasPointerMode_t mode) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_pointer_mode(handle, mode));
}

static cublasStatus_t set_math_mode(cublasHandle_t handle, cublasMath_t mode) {
    const unsigned base =
        (unsigned)mode & ~(unsigned)CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    if (!is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (base > CUBLAS_TF32_TENSOR_OP_MATH)
        return CUBLAS_STATUS_INVALID_VALUE;
    handle->math_mode = mode;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode) {
    CUBLAS_CALL(DOUBLE_DEVICE, set_math_mode(handle, mode));
}

cublasStatus_t cublasGetProperty(libraryPropertyType type, int *value) {
    static const int parts[] = {CUBLAS_VER_MAJOR, CUBLAS_VER_MINOR, CUBLAS_VER_PATCH};
    if (value == NULL || (unsigned)type > PATCH_LEVEL)
        return CUBLAS_STATUS_INVALID_VALUE;
    *value = parts[type];
    return CUBLAS_STATUS_SUCCESS;
}

const char *cublasGetStatusString(cublasStatus_t status) {
    switch (status) {
    case CUBLAS_STATUS_SUCCESS:
        return "success";
    case CUBLAS_STATUS_NOT_INITIALIZED:
        return "the library was not initialized";
    case CUBLAS_STATUS_ALLOC_FAILED:
        return "the resource allocation failed";
    case CUBLAS_STATUS_INVALID_VALUE:
        return "an invalid value was used as input";
    case CUBLAS_STATUS_EXECUTION_FAILED:
        return "the function failed to launch on the GPU";
    case CUBLAS_STATUS_NOT_SUPPORTED:
        return "the functionality is not supported";
    default:
        return "unknown error";
    }
}

/* ---- Products ---- */

/* Elements [rows][columns], column by column. */
struct matrix {
    const char *begin;
    denseblock_type type;
    size_t rows, columns, stride;
};

struct product {
    struct double_work base;
    struct matrix a, b, c;  /* as they lie in memory */
    char *result, *scratch; /* where c and the workspace begin */
    bool a_transposed, b_transposed, tf32;
    double alpha, beta;
    struct double_span workspace;
};

static size_t matrix_bytes(const struct matrix *matrix, size_t elements) {
    return elements * denseblock_type_size(matrix->type);
}

static struct double_span span_of(const struct matrix *matrix) {
    if (matrix->rows == 0 || matrix->columns == 0)
        return (struct double_span){matrix->begin, 0};
    return (struct double_span){
        matrix->begin,
        matrix_bytes(matrix, (matrix->columns - 1) * matrix->stride + matrix->rows)};
}

static void check_written(const struct matrix *matrix, const char *name) {
    for (size_t column = 0; column < matrix->columns; column++)
        if (!emulator_memory_is_written(matrix->begin +
                                            matrix_bytes(matrix, column * matrix->stride),
                                        matrix_bytes(matrix, matrix->rows))) {
            double_mistake("cublasGemmEx: column %zu of %s, of which not all was written", column,
                           name);
            return;
        }
}

/* To 10 bits of fraction, ties to even. */
static double round_to_tf32(double value) {
    float rounded = (float)value;
    uint32_t bits;
    memcpy(&bits, &rounded, sizeof bits);
    if ((bits & 0x7F800000) == 0x7F800000)
        return value;
    bits += 0xFFF + (bits >> 13 & 1);
    bits &= ~(uint32_t)0x1FFF;
    memcpy(&rounded, &bits, sizeof rounded);
    return (double)rounded;
}

static double load(const struct product *product, const struct matrix *matrix, bool transposed,
                   size_t row, size_t column) {
    const size_t place =
        transposed ? row * matrix->stride + column : column * matrix->stride + row;
    const double value = dblk_element_load(matrix->type, matrix->begin, place);
    return product->tf32 ? round_to_tf32(value) : value;
}

static void compute(const struct product *product) {
    const struct matrix *a = &product->a, *b = &product->b, *c = &product->c;
    const size_t inner = product->a_transposed ? a->rows : a->columns;
    for (size_t column = 0; column < c->columns; column++)
        for (size_t row = 0; row < c->rows; row++) {
            const size_t place = column * c->stride + row;
            double sum = 0;
            for (size_t i = 0; i < inner; i++)
                sum += load(product, a, product->a_transposed, row, i) *
                       load(product, b, product->b_transposed, i, column);
            sum *= product->alpha;
            if (product->beta != 0)
                sum += product->beta * dblk_element_load(c->type, c->begin, place);
            dblk_element_store(c->type, product->result, place, sum);
        }
    for (size_t column = 0; column < c->columns; column++)
        emulator_memory_written(c->begin + matrix_bytes(c, column * c->stride),
                                matrix_bytes(c, c->rows));
}

/* Whoever thinks that it is his finds it changed. */
static void use_workspace(char *scratch, size_t all) {
    const size_t bytes = all < GARBAGE_BYTES ? all : GARBAGE_BYTES;
    memset(scratch, GARBAGE, bytes);
    memset(scratch + all - bytes, GARBAGE, bytes);
}

static cudaError_t run_product(struct double_work *work) {
    const struct product *product = (struct product *)work;
    if (!double_memory_usable(span_of(&product->a), work->call) ||
        !double_memory_usable(work->reads, work->call) ||
        !double_memory_usable(work->writes, work->call) ||
        !double_memory_usable(product->workspace, work->call))
        return cudaErrorIllegalAddress;
    check_written(&product->a, "A");
    check_written(&product->b, "B");
    if (product->beta != 0)
        check_written(&product->c, "C");
    double_memory_open_all(true);
    use_workspace(product->scratch, product->workspace.bytes);
    compute(product);
    double_memory_open_all(false);
    return cudaSuccess;
}

static void destroy_product(struct double_work *work) {
    free(work);
}

static bool find_type(cudaDataType_t cuda, denseblock_type *type) {
    *type = cuda == CUDA_R_64F   ? DENSEBLOCK_F64
            : cuda == CUDA_R_32F ? DENSEBLOCK_F32
            : cuda == CUDA_R_16F ? DENSEBLOCK_F16
                                 : DENSEBLOCK_BF16;
    return cuda == CUDA_R_64F || cuda == CUDA_R_32F || cuda == CUDA_R_16F || cuda == CUDA_R_16BF;
}

/* The rows of NVIDIA's table for types of real numbers, but those of integers and of f16 sums. */
static bool are_supported(const struct product *product, cublasComputeType_t sums) {
    const denseblock_type a = product->a.type, b = product->b.type, c = product->c.type;
    if (a != b)
        return false;
    switch (sums) {
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC:
        return a == DENSEBLOCK_F64 && c == a;
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC:
        return a != DENSEBLOCK_F64 && (c == a || c == DENSEBLOCK_F32);
    case CUBLAS_COMPUTE_32F_FAST_TF32:
        return a == DENSEBLOCK_F32 && c == a;
    default:
        return false;
    }
}

static bool is_operation(cublasOperation_t operation) {
    return operation == CUBLAS_OP_N || operation == CUBLAS_OP_T || operation == CUBLAS_OP_C;
}

static double scalar(const void *address, cublasComputeType_t sums) {
    if (sums == CUBLAS_COMPUTE_64F || sums == CUBLAS_COMPUTE_64F_PEDANTIC)
        return *(const double *)address;
    return (double)*(const float *)address;
}

static bool is_matrix(const struct matrix *matrix) {
    if ((uintptr_t)matrix->begin % denseblock_type_size(matrix->type) != 0) {
        double_mistake("cublasGemmEx: %p is no address of its type", (const void *)matrix->begin);
        return false;
    }
    return span_of(matrix).bytes == 0 || is_on_device(span_of(matrix));
}

/* What cuBLAS would not see, but the product would suffer from. */
static bool is_good(const struct product *product, cublasHandle_t handle) {
    const struct double_span c = span_of(&product->c), workspace = handle->workspace;
    if (handle->device != double_current_device())
        double_mistake("cublasGemmEx: the handle is of device %d, the current one is %d",
                       handle->device, double_current_device());
    else if (handle->pointer_mode != CUBLAS_POINTER_MODE_HOST)
        double_mistake("cublasGemmEx: the double has no scalars on the device");
    else if (!handle->has_workspace)
        double_mistake("cublasGemmEx: no workspace was set after the stream was: it would be "
                       "cuBLAS's own");
    else if (double_overlap(c, span_of(&product->a)) || double_overlap(c, span_of(&product->b)))
        double_mistake("cublasGemmEx: C overlaps A or B");
    else if (double_overlap(workspace, c) || double_overlap(workspace, span_of(&product->a)) ||
             double_overlap(workspace, span_of(&product->b)))
        double_mistake("cublasGemmEx: the workspace overlaps a matrix");
    else
        return is_matrix(&product->a) && is_matrix(&product->b) && is_matrix(&product->c);
    return false;
}

/* `what` has all but the base. */
static cublasStatus_t multiply(cublasHandle_t handle, const struct product *what) {
    struct CUstream_st *stream = NULL;
    if (!is_good(what, handle) || double_stream(handle->stream, &stream) != cudaSuccess)
        return CUBLAS_STATUS_EXECUTION_FAILED;
    if (handle->workspace.bytes < LEAST_WORKSPACE)
        return CUBLAS_STATUS_ALLOC_FAILED;
    struct product *product = double_new(sizeof *product);
    *product = *what;
    double_work_begin(&product->base, cudaGraphNodeTypeKernel);
    product->base.counts = true;
    product->base.reads = span_of(&product->b);
    product->base.writes = span_of(&product->c);
    product->base.run = run_product;
    product->base.destroy = destroy_product;
    product->workspace = handle->workspace;
    product->scratch = handle->scratch;
    return status_of(double_enqueue(stream, &product->base));
}

struct sizes {
    cublasOperation_t a, b;
    int m, n, k, lda, ldb, ldc;
};

static bool are_good(const struct sizes *sizes) {
    const int a_rows = sizes->a == CUBLAS_OP_N ? sizes->m : sizes->k;
    const int b_rows = sizes->b == CUBLAS_OP_N ? sizes->k : sizes->n;
    return is_operation(sizes->a) && is_operation(sizes->b) && sizes->m >= 0 && sizes->n >= 0 &&
           sizes->k >= 0 && sizes->lda >= 1 && sizes->lda >= a_rows && sizes->ldb >= 1 &&
           sizes->ldb >= b_rows && sizes->ldc >= 1 && sizes->ldc >= sizes->m;
}

static struct matrix matrix_of(const void *begin, bool transposed, int rows, int columns,
                               int stride) {
    return (struct matrix){.begin = begin,
                           .rows = (size_t)(transposed ? columns : rows),
                           .columns = (size_t)(transposed ? rows : columns),
                           .stride = (size_t)stride};
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa,
                            cublasOperation_t transb, int m, int n, int k, const void *alpha,
                            const void *a, cudaDataType a_type, int lda, const void *b,
                            cudaDataType b_type, int ldb, const void *beta, void *c,
                            cudaDataType c_type, int ldc, cublasComputeType_t sums,
                            cublasGemmAlgo_t algorithm) {
    const struct sizes sizes = {transa, transb, m, n, k, lda, ldb, ldc};
    const cudaError_t error = double_enter(__func__, DOUBLE_DEVICE);
    cublasStatus_t status = status_of(error);
    if (error == cudaSuccess && !is_handle(handle))
        status = CUBLAS_STATUS_NOT_INITIALIZED;
    else if (error == cudaSuccess && (!are_good(&sizes) || alpha == NULL || beta == NULL))
        status = CUBLAS_STATUS_INVALID_VALUE;
    if (status == CUBLAS_STATUS_SUCCESS) {
        struct product product = {
            .a = matrix_of(a, transa != CUBLAS_OP_N, m, k, lda),
            .b = matrix_of(b, transb != CUBLAS_OP_N, k, n, ldb),
            .c = matrix_of(c, false, m, n, ldc),
            .result = c,
            .a_transposed = transa != CUBLAS_OP_N,
            .b_transposed = transb != CUBLAS_OP_N,
            .tf32 = sums == CUBLAS_COMPUTE_32F_FAST_TF32 ||
                    (sums == CUBLAS_COMPUTE_32F && a_type == CUDA_R_32F &&
                     ((unsigned)handle->math_mode & 0xFU) == CUBLAS_TF32_TENSOR_OP_MATH),
            .alpha = scalar(alpha, sums),
            .beta = scalar(beta, sums),
        };
        if (!find_type(a_type, &product.a.type) || !find_type(b_type, &product.b.type) ||
            !find_type(c_type, &product.c.type) || !are_supported(&product, sums) ||
            algorithm != CUBLAS_GEMM_DEFAULT)
            status = CUBLAS_STATUS_NOT_SUPPORTED;
        else if (m > 0 && n > 0)
            status = multiply(handle, &product);
    }
    (void)double_leave(cudaSuccess);
    return status;
}

/* ---- As a library ---- */

void (*cublas_double_function(const char *name))(void) {
#define FUNCTION(function) \
    { #function, (void (*)(void))(function) }
    static const struct {
        const char *name;
        void (*function)(void);
    } functions[] = {
        FUNCTION(cublasCreate_v2),
        FUNCTION(cublasDestroy_v2),
        FUNCTION(cublasSetStream_v2),
        FUNCTION(cublasSetWorkspace_v2),
        FUNCTION(cublasSetPointerMode_v2),
        FUNCTION(cublasSetMathMode),
        FUNCTION(cublasGemmEx),
        FUNCTION(cublasGetStatusString),
        FUNCTION(cublasGetProperty),
    };
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(functions[i].name, name) == 0)
            return functions[i].function;
    return NULL;
}
