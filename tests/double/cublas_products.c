/* cuBLAS: products. Matrices lie column by column, and a product, or several at equal distances, is an
 * operation of the stream. It is computed in f64 and rounded once, so that its rounding is not that of
 * a GPU. */
#include <stdint.h>

#include "allocate.h"
#include "calls.h"
#include "cublas_handle.h"
#include "elements/elements.h"
#include "emulator.h"
#include "library_arguments.h"
#include "report.h"
#include "streams.h"

enum { LEAST_WORKSPACE = 16 * 1024 };

/* Elements [rows][columns], column by column; of several products at equal distances. */
struct matrix {
    const char *begin;
    denseblock_type type;
    size_t rows, columns, stride;
    size_t batch, step; /* how many, and elements from one to the next */
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
    if (matrix->rows == 0 || matrix->columns == 0 || matrix->batch == 0)
        return (struct double_span){matrix->begin, 0};
    return (struct double_span){matrix->begin,
                                matrix_bytes(matrix, (matrix->batch - 1) * matrix->step +
                                                         (matrix->columns - 1) * matrix->stride +
                                                         matrix->rows)};
}

/* Where a column of one of them begins, in elements. */
static size_t column_place(const struct matrix *matrix, size_t one, size_t column) {
    return one * matrix->step + column * matrix->stride;
}

static void check_written(const struct matrix *matrix, const char *name, const char *call) {
    for (size_t one = 0; one < matrix->batch; one++)
        for (size_t column = 0; column < matrix->columns; column++)
            if (!emulator_memory_is_written(
                    matrix->begin + matrix_bytes(matrix, column_place(matrix, one, column)),
                    matrix_bytes(matrix, matrix->rows))) {
                double_mistake("%s: column %zu of %s, of which not all was written", call, column,
                               name);
                return;
            }
}

/* One of the matrices, its columns without gaps. */
static double *load(const struct matrix *matrix, size_t one, bool tf32) {
    double *values = double_new((matrix->rows * matrix->columns + 1) * sizeof *values);
    for (size_t column = 0; column < matrix->columns; column++)
        for (size_t row = 0; row < matrix->rows; row++) {
            const double value = dblk_element_load(matrix->type, matrix->begin,
                                                   column_place(matrix, one, column) + row);
            values[column * matrix->rows + row] = tf32 ? double_round_to_tf32(value) : value;
        }
    return values;
}

static void compute(const struct product *product, size_t one) {
    const struct matrix *a = &product->a, *b = &product->b, *c = &product->c;
    const size_t inner = product->a_transposed ? a->rows : a->columns;
    const size_t a_row = product->a_transposed ? a->rows : 1;
    const size_t a_inner = product->a_transposed ? 1 : a->rows;
    const size_t b_inner = product->b_transposed ? b->rows : 1;
    const size_t b_column = product->b_transposed ? 1 : b->rows;
    double *a_values = load(a, one, product->tf32), *b_values = load(b, one, product->tf32);
    for (size_t column = 0; column < c->columns; column++) {
        const size_t place = column_place(c, one, column);
        for (size_t row = 0; row < c->rows; row++) {
            double sum = 0;
            for (size_t i = 0; i < inner; i++)
                sum += a_values[row * a_row + i * a_inner] *
                       b_values[i * b_inner + column * b_column];
            sum *= product->alpha;
            if (product->beta != 0)
                sum += product->beta * dblk_element_load(c->type, c->begin, place + row);
            dblk_element_store(c->type, product->result, place + row, sum);
        }
        emulator_memory_written(c->begin + matrix_bytes(c, place), matrix_bytes(c, c->rows));
    }
    free(a_values);
    free(b_values);
}

static cudaError_t run_product(struct double_work *work) {
    const struct product *product = (struct product *)work;
    if (!double_memory_usable(span_of(&product->a), work->call) ||
        !double_memory_usable(work->reads, work->call) ||
        !double_memory_usable(work->writes, work->call) ||
        !double_memory_usable(product->workspace, work->call))
        return cudaErrorIllegalAddress;
    check_written(&product->a, "A", work->call);
    check_written(&product->b, "B", work->call);
    if (product->beta != 0)
        check_written(&product->c, "C", work->call);
    double_memory_open_all(true);
    double_use_workspace(product->scratch, product->workspace.bytes);
    for (size_t one = 0; one < product->c.batch; one++)
        compute(product, one);
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
        double_mistake("%s: %p is no address of its type", double_call_name(),
                       (const void *)matrix->begin);
        return false;
    }
    return span_of(matrix).bytes == 0 || double_is_on_device(span_of(matrix));
}

/* Whether two results share elements. */
static bool has_overlap(const struct matrix *c) {
    return c->batch > 1 && c->step < (c->columns - 1) * c->stride + c->rows;
}

/* What cuBLAS would not see, but the product would suffer from; NULL: nothing. */
static const char *mistake(const struct product *product, cublasHandle_t handle) {
    const struct double_span c = span_of(&product->c), workspace = handle->workspace;
    if (handle->device != double_current_device())
        return "the handle is of another device than the current one";
    if (handle->pointer_mode != CUBLAS_POINTER_MODE_HOST)
        return "the double has no scalars on the device";
    if (!handle->has_workspace)
        return "no workspace was set after the stream was: it would be cuBLAS's own";
    if (double_overlap(c, span_of(&product->a)) || double_overlap(c, span_of(&product->b)))
        return "C overlaps A or B";
    if (has_overlap(&product->c))
        return "a C overlaps the next one";
    if (double_overlap(workspace, c) || double_overlap(workspace, span_of(&product->a)) ||
        double_overlap(workspace, span_of(&product->b)))
        return "the workspace overlaps a matrix";
    return NULL;
}

static bool is_good(const struct product *product, cublasHandle_t handle) {
    const char *found = mistake(product, handle);
    if (found != NULL)
        double_mistake("%s: %s", double_call_name(), found);
    return found == NULL && is_matrix(&product->a) && is_matrix(&product->b) &&
           is_matrix(&product->c);
}

/* `what` has all but the base. */
static cublasStatus_t enqueue(cublasHandle_t handle, const struct product *what) {
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
    return double_cublas_status(double_enqueue(stream, &product->base));
}

/* The arguments, but the scalars, as they came. */
struct arguments {
    cublasOperation_t a_operation, b_operation;
    int m, n, k;
    const void *a, *b;
    void *c;
    cudaDataType_t a_type, b_type, c_type;
    int lda, ldb, ldc;
    long long a_step, b_step, c_step;
    int batch;
    cublasComputeType_t sums;
    cublasGemmAlgo_t algorithm;
};

static bool are_good(const struct arguments *given) {
    const int a_rows = given->a_operation == CUBLAS_OP_N ? given->m : given->k;
    const int b_rows = given->b_operation == CUBLAS_OP_N ? given->k : given->n;
    return is_operation(given->a_operation) && is_operation(given->b_operation) &&
           given->m >= 0 && given->n >= 0 && given->k >= 0 && given->batch >= 0 &&
           given->a_step >= 0 && given->b_step >= 0 && given->c_step >= 0 && given->lda >= 1 &&
           given->lda >= a_rows && given->ldb >= 1 && given->ldb >= b_rows && given->ldc >= 1 &&
           given->ldc >= given->m;
}

static struct matrix matrix_of(const void *begin, bool transposed, int rows, int columns,
                               int stride, int batch, long long step) {
    return (struct matrix){.begin = begin,
                           .rows = (size_t)(transposed ? columns : rows),
                           .columns = (size_t)(transposed ? rows : columns),
                           .stride = (size_t)stride,
                           .batch = (size_t)batch,
                           .step = (size_t)step};
}

static bool uses_tf32(cublasHandle_t handle, const struct arguments *given) {
    return given->sums == CUBLAS_COMPUTE_32F_FAST_TF32 ||
           (given->sums == CUBLAS_COMPUTE_32F && given->a_type == CUDA_R_32F &&
            ((unsigned)handle->math_mode & 0xFU) == CUBLAS_TF32_TENSOR_OP_MATH);
}

static cublasStatus_t multiply(cublasHandle_t handle, const struct arguments *given,
                               const void *alpha, const void *beta) {
    if (!double_cublas_is_handle(handle))
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!are_good(given) || alpha == NULL || beta == NULL)
        return CUBLAS_STATUS_INVALID_VALUE;
    const bool a_transposed = given->a_operation != CUBLAS_OP_N;
    const bool b_transposed = given->b_operation != CUBLAS_OP_N;
    struct product product = {
        .a = matrix_of(given->a, a_transposed, given->m, given->k, given->lda, given->batch,
                       given->a_step),
        .b = matrix_of(given->b, b_transposed, given->k, given->n, given->ldb, given->batch,
                       given->b_step),
        .c = matrix_of(given->c, false, given->m, given->n, given->ldc, given->batch,
                       given->c_step),
        .result = given->c,
        .a_transposed = a_transposed,
        .b_transposed = b_transposed,
        .tf32 = uses_tf32(handle, given),
        .alpha = scalar(alpha, given->sums),
        .beta = scalar(beta, given->sums),
    };
    if (!find_type(given->a_type, &product.a.type) ||
        !find_type(given->b_type, &product.b.type) ||
        !find_type(given->c_type, &product.c.type) || !are_supported(&product, given->sums) ||
        given->algorithm != CUBLAS_GEMM_DEFAULT)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (span_of(&product.c).bytes == 0)
        return CUBLAS_STATUS_SUCCESS;
    return enqueue(handle, &product);
}

static cublasStatus_t call(const char *function, cublasHandle_t handle,
                           const struct arguments *given, const void *alpha, const void *beta) {
    const cudaError_t error = double_enter(function, DOUBLE_DEVICE);
    const cublasStatus_t status =
        error == cudaSuccess ? multiply(handle, given, alpha, beta) : double_cublas_status(error);
    (void)double_leave(cudaSuccess);
    return status;
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa,
                            cublasOperation_t transb, int m, int n, int k, const void *alpha,
                            const void *a, cudaDataType a_type, int lda, const void *b,
                            cudaDataType b_type, int ldb, const void *beta, void *c,
                            cudaDataType c_type, int ldc, cublasComputeType_t sums,
                            cublasGemmAlgo_t algorithm) {
    const struct arguments given = {transa, transb, m,   n,   k, a, b, c, a_type, b_type,
                                    c_type, lda,    ldb, ldc, 0, 0, 0, 1, sums,   algorithm};
    return call(__func__, handle, &given, alpha, beta);
}

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa,
                                          cublasOperation_t transb, int m, int n, int k,
                                          const void *alpha, const void *a, cudaDataType a_type,
                                          int lda, long long a_step, const void *b,
                                          cudaDataType b_type, int ldb, long long b_step,
                                          const void *beta, void *c, cudaDataType c_type, int ldc,
                                          long long c_step, int batch, cublasComputeType_t sums,
                                          cublasGemmAlgo_t algorithm) {
    const struct arguments given = {transa, transb, m,      n,      k,    a,        b,
                                    c,      a_type, b_type, c_type, lda,  ldb,      ldc,
                                    a_step, b_step, c_step, batch,  sums, algorithm};
    return call(__func__, handle, &given, alpha, beta);
}
