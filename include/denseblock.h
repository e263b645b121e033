/* denseblock: DenseNet dense blocks, forward, without copies.
 *
 * A dense block takes a tensor x[N,H,W,C0] and runs L layers. Every layer reads all features made
 * before it and adds its own `growth` channels to them (Huang et al. 2017, arXiv 1608.06993, here
 * without normalisation):
 *
 *     X_0     = x
 *     o_l     = conv2d(relu(X_l), K_l)            stride 1, 'same' zero padding
 *     X_{l+1} = concat(X_l, o_l)                  on the channel axis
 *     y       = X_L                               [N,H,W,C_L], its first C0 channels are x
 *
 *   relu(v) = v < 0 ? 0 : v, so NaN stays NaN. The padding before the first row (column) is
 *   (k-1)/2, rounded down; a tap outside the image reads 0. K_l is [kh,kw,C_l,g_l].
 *   C_l = C0 + g_0 + ... + g_{l-1}.
 *
 * Layouts: tensors are NHWC, kernels HWIO, both row-major and without gaps.
 *
 * Use, in the order of this header:
 *
 *     denseblock_desc            describe the block: shape, layers, element type
 *     denseblock_plan_create     validate it and decide how a backend will run it
 *     denseblock_context_create  what one thread needs to execute: stream, library handles
 *     denseblock_weights_prepare repack the kernels once, into memory of the caller
 *     denseblock_forward         execute, as often as wanted
 *
 * Where the backend computes on a GPU, tensors lie in its memory: use CUDA's own functions for that,
 * or denseblock_buffers and denseblock_copy, which work alike for all backends.
 *
 * Memory: the library allocates only its own small handles. Tensors, prepared weights and
 * workspace belong to the caller, who asks the plan for their sizes. Layers write their output at
 * its channel offset in y: the concatenation is never a copy.
 *
 * Errors: a function returns a denseblock_status, or cannot fail. When it is not DENSEBLOCK_OK,
 * denseblock_last_error() tells in one sentence what was wrong, with the offending value. On an
 * error, results passed back through pointers are NULL or zero, and nothing is leaked.
 *
 * Threads: a plan is immutable, and any number of threads may use it at once; prepared weights,
 * once prepared, likewise. A context belongs to one thread at a time. All other functions may be
 * called from any thread.
 */
#ifndef DENSEBLOCK_H
#define DENSEBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if !defined(__linux__)
#error "denseblock is written for Linux"
#endif
#define DENSEBLOCK_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version ------------------------------------------------------------------------------- */

#define DENSEBLOCK_VERSION_MAJOR 0
#define DENSEBLOCK_VERSION_MINOR 1
#define DENSEBLOCK_VERSION_PATCH 0

/* One number to compare with: 1.2.3 is 10203. */
#define DENSEBLOCK_VERSION \
    (DENSEBLOCK_VERSION_MAJOR * 10000 + DENSEBLOCK_VERSION_MINOR * 100 + DENSEBLOCK_VERSION_PATCH)

/* DENSEBLOCK_VERSION of the library in use, which may differ from the header's. */
DENSEBLOCK_API int denseblock_version(void);

/* The same as text, "0.1.0". */
DENSEBLOCK_API const char *denseblock_version_string(void);

/* ---- Status -------------------------------------------------------------------------------- */

/* The values are stable: new ones are added at the end. */
typedef enum denseblock_status {
    DENSEBLOCK_OK = 0,
    DENSEBLOCK_INVALID_ARGUMENT = 1, /* an argument is wrong, whatever the machine */
    DENSEBLOCK_UNSUPPORTED = 2,      /* a valid request that this backend does not carry out */
    DENSEBLOCK_BAD_FILE = 3,      /* a file is missing, cannot be opened, or holds wrong data */
    DENSEBLOCK_OUT_OF_MEMORY = 4, /* host or device memory */
    DENSEBLOCK_IO_FAILED = 5,     /* reading or writing failed: disk full, medium error */
    DENSEBLOCK_UNAVAILABLE = 6,   /* this build or machine cannot run that backend */
    DENSEBLOCK_DEVICE_FAILED = 7  /* a CUDA, cuBLAS, cuDNN or NVML call failed */
} denseblock_status;

/* A short name such as "out of memory"; "unknown status" for a value that is none. */
DENSEBLOCK_API const char *denseblock_status_string(denseblock_status status);

/* What was wrong, in the last call of this thread that did not return DENSEBLOCK_OK; "" when
 * there was none. Valid until the thread's next failing call. */
DENSEBLOCK_API const char *denseblock_last_error(void);

/* ---- Element types ------------------------------------------------------------------------- */

/* The type of x, y and the kernels, the same for all. Sums are accumulated in f32 at least, f64
 * tensors in f64. Each layer's output is rounded to the type (to nearest, ties to even) as it is
 * stored. Integers are not among them: convert. */
typedef enum denseblock_type {
    DENSEBLOCK_F32 = 0, /* IEEE 754 binary32, C's float */
    DENSEBLOCK_F64 = 1, /* IEEE 754 binary64, C's double */
    DENSEBLOCK_F16 = 2, /* IEEE 754 binary16 */
    DENSEBLOCK_BF16 = 3 /* the upper half of a binary32 */
} denseblock_type;

/* Bytes of one element; 0 for a value that is no type. */
DENSEBLOCK_API size_t denseblock_type_size(denseblock_type type);

/* "f32", "f64", "f16", "bf16"; "unknown type" for a value that is none. */
DENSEBLOCK_API const char *denseblock_type_name(denseblock_type type);

/* The reverse. DENSEBLOCK_INVALID_ARGUMENT lists the names there are. */
DENSEBLOCK_API denseblock_status denseblock_type_from_name(const char *name,
                                                           denseblock_type *type);

/* Converts `count` elements of host memory, rounding to nearest, ties to even; NaN stays NaN,
 * and what is too large becomes Inf. src == dst is allowed when the types are the same size.
 * Both types must be valid. */
DENSEBLOCK_API void denseblock_convert(denseblock_type dst_type, void *dst,
                                       denseblock_type src_type, const void *src, size_t count);

/* ---- Descriptor ---------------------------------------------------------------------------- */

/* What a layer does to its input before the convolution. Zero is the block of this version.
 * Prologues with parameters will have a function of their own that prepares them. */
typedef enum denseblock_prologue {
    DENSEBLOCK_PROLOGUE_RELU = 0 /* relu(v) = v < 0 ? 0 : v */
} denseblock_prologue;

/* How f32 products may be computed. */
typedef enum denseblock_arithmetic {
    DENSEBLOCK_ARITHMETIC_FULL = 0, /* in the element type, or wider */
    DENSEBLOCK_ARITHMETIC_TF32 = 1, /* f32 tensors only: operands may be rounded to TF32 (10 bits
                                       of fraction); backends without TF32 compute in full */
    DENSEBLOCK_ARITHMETIC_TF32X3 =
        2 /* f32 tensors only: operands may be split into two of TF32, multiplied in three products:
             the speed of matrix instructions, with an error near that of f32; backends without it
             compute in full */
} denseblock_arithmetic;

/* One layer. Sizes are at least 1, and may differ from layer to layer. */
typedef struct denseblock_layer {
    int64_t kernel_height; /* kh */
    int64_t kernel_width;  /* kw */
    int64_t growth;        /* g_l: the channels it adds */
    denseblock_prologue prologue;
} denseblock_layer;

/* A block. Sizes are counts of elements. Fill it with a designated initialiser (in C++
 * begin with `denseblock_desc desc{};`), so that members added in later versions are zero, which
 * keeps today's meaning. */
typedef struct denseblock_desc {
    int64_t batch;                  /* N, 0 or more: an empty batch gives an empty result */
    int64_t height;                 /* H, at least 1 */
    int64_t width;                  /* W, at least 1 */
    int64_t channels;               /* C0, at least 1 */
    int64_t layer_count;            /* L, 0 or more: with 0, y is x */
    const denseblock_layer *layers; /* layer_count of them; read by denseblock_plan_create only */
    denseblock_type type;
    denseblock_arithmetic arithmetic;
} denseblock_desc;

/* Fills layers[0 .. count-1] with the same kernel size and growth. */
DENSEBLOCK_API void denseblock_layers_fill(denseblock_layer *layers, size_t count,
                                           int64_t kernel_height, int64_t kernel_width,
                                           int64_t growth);

/* ---- Backends ------------------------------------------------------------------------------ */

typedef enum denseblock_backend {
    DENSEBLOCK_BACKEND_AUTO = 0,      /* cuda where it can run, else the fastest on the CPU */
    DENSEBLOCK_BACKEND_REFERENCE = 1, /* CPU, plain loops, f64 sums: what the others must equal */
    DENSEBLOCK_BACKEND_CPU = 2,       /* CPU, fast */
    DENSEBLOCK_BACKEND_CUBLAS = 3,    /* ReLU + im2col, then GEMM into y */
    DENSEBLOCK_BACKEND_CUDNN = 4,     /* convolutions on strided views of y */
    DENSEBLOCK_BACKEND_CUDA = 5       /* this library's fused kernels */
} denseblock_backend;

enum { DENSEBLOCK_BACKEND_COUNT = 6 }; /* AUTO included */

/* "auto", "reference", "cpu", "cublas", "cudnn", "cuda"; "unknown backend" otherwise. */
DENSEBLOCK_API const char *denseblock_backend_name(denseblock_backend backend);

/* The reverse. DENSEBLOCK_INVALID_ARGUMENT lists the names there are. */
DENSEBLOCK_API denseblock_status denseblock_backend_from_name(const char *name,
                                                              denseblock_backend *backend);

/* DENSEBLOCK_OK where this build on this machine can run the backend, on device 0. Otherwise
 * DENSEBLOCK_UNAVAILABLE, and denseblock_last_error() says why. */
DENSEBLOCK_API denseblock_status denseblock_backend_check(denseblock_backend backend);

/* The backend that AUTO stands for on this machine. */
DENSEBLOCK_API denseblock_backend denseblock_backend_auto(void);

/* Where a backend's x, y, kernels, prepared weights and workspace lie. Whoever asks for AUTO must
 * ask this too, of denseblock_plan_backend(). */
typedef enum denseblock_memory {
    DENSEBLOCK_MEMORY_HOST = 0,  /* malloc and the like */
    DENSEBLOCK_MEMORY_DEVICE = 1 /* cudaMalloc and the like */
} denseblock_memory;

DENSEBLOCK_API denseblock_memory denseblock_backend_memory(denseblock_backend backend);

/* ---- Plan ---------------------------------------------------------------------------------- */

typedef enum denseblock_algorithm {
    DENSEBLOCK_ALGORITHM_AUTO = 0,
    DENSEBLOCK_ALGORITHM_DIRECT = 1,
    DENSEBLOCK_ALGORITHM_WINOGRAD2 = 2, /* F(2x2,3x3), Lavin and Gray 2016, arXiv 1509.09308 */
    DENSEBLOCK_ALGORITHM_WINOGRAD4 = 3  /* F(4x4,3x3), the same source */
} denseblock_algorithm;

typedef enum denseblock_accuracy {
    DENSEBLOCK_ACCURACY_DEFAULT = 0, /* any algorithm that suits the type */
    DENSEBLOCK_ACCURACY_HIGH = 1     /* none whose error is far above the direct sum's: no
                                        F(4x4,3x3) */
} denseblock_accuracy;

/* The matrix instructions of the cuda backend on tensor cores. */
typedef enum denseblock_instructions {
    DENSEBLOCK_INSTRUCTIONS_DEFAULT = 0, /* mma.sync, of sm_80 and later */
    DENSEBLOCK_INSTRUCTIONS_WGMMA =
        1 /* those of sm_90a: kernels that have not run on a GPU yet */
} denseblock_instructions;

/* What the plan would otherwise decide. All zero is the default for each. */
typedef struct denseblock_plan_options {
    denseblock_algorithm algorithm;
    denseblock_accuracy accuracy;
    int64_t group_size;     /* layers computed together; 0: the plan decides */
    int64_t thread_count;   /* CPU backends, at most; 0: what OpenMP's environment says now */
    size_t workspace_limit; /* bytes; 0: 64 MiB. A plan that cannot keep it is refused. One of the
                               cuda backend for a dense block's direct layers in groups of 1 takes
                               no more than a twentieth of y either way. */
    int device;             /* that it is made for, as in denseblock_context_create */
    denseblock_instructions instructions; /* other backends do not look at it */
} denseblock_plan_options;

typedef struct denseblock_plan denseblock_plan;

/* Validates `desc` and decides how `backend` will run it. Takes no tensor memory.
 *
 *   options   NULL means all default
 *   plan      receives the plan, for denseblock_plan_destroy; NULL on error
 *
 * DENSEBLOCK_INVALID_ARGUMENT  a size out of its range, or a tensor too large to address
 * DENSEBLOCK_UNSUPPORTED       an option that the backend does not have
 * DENSEBLOCK_UNAVAILABLE       see denseblock_backend_check
 * DENSEBLOCK_OUT_OF_MEMORY */
DENSEBLOCK_API denseblock_status denseblock_plan_create(const denseblock_desc *desc,
                                                        denseblock_backend backend,
                                                        const denseblock_plan_options *options,
                                                        denseblock_plan **plan);

/* A residual block, to compare dense blocks with: U units of two convolutions each, on C channels (He et
 * al. 2016, arXiv 1603.05027, here without normalisation):
 *
 *     X_0     = x
 *     h_u     = conv2d(relu(X_u), K_2u)                stride 1, 'same' zero padding
 *     X_{u+1} = X_u + conv2d(relu(h_u), K_{2u+1})
 *     y       = X_U                                    [N,H,W,C]
 *
 * K_2u is [kh,kw,C,M] and K_{2u+1} is [kh,kw,M,C], all in the type of x. h_u is rounded to the type, and
 * so is X_{u+1}; some backends also round what is added to X_u. Fill it as a denseblock_desc. */
typedef struct denseblock_residual_desc {
    int64_t batch;           /* N, 0 or more */
    int64_t height;          /* H, at least 1 */
    int64_t width;           /* W, at least 1 */
    int64_t channels;        /* C, at least 1: of x and y */
    int64_t hidden_channels; /* M, between the two convolutions of a unit; 0: C */
    int64_t unit_count;      /* U, 0 or more: with 0, y is x */
    int64_t kernel_height;   /* kh, at least 1 */
    int64_t kernel_width;    /* kw, at least 1 */
    denseblock_type type;
    denseblock_arithmetic arithmetic;
} denseblock_residual_desc;

/* As denseblock_plan_create, for a residual block: an ordinary plan, of 2U layers, which everything that
 * takes a plan takes. It runs in place: the second convolution of a unit adds to y. An x that is given
 * apart is copied there first; one that lies in y is replaced by the result, so that another forward begins
 * with that. The workspace holds h_u, of as many images as half of its limit has room for, at least one; on
 * a processor, of the fewest that fill its caches. All slices of the batch are of one size: batches with
 * many divisors run best.
 *
 * And DENSEBLOCK_UNSUPPORTED for a group_size above 1. */
DENSEBLOCK_API denseblock_status
denseblock_residual_plan_create(const denseblock_residual_desc *desc, denseblock_backend backend,
                                const denseblock_plan_options *options, denseblock_plan **plan);

/* NULL is allowed. */
DENSEBLOCK_API void denseblock_plan_destroy(denseblock_plan *plan);

/* The backend that will run; never AUTO. */
DENSEBLOCK_API denseblock_backend denseblock_plan_backend(const denseblock_plan *plan);

/* The channels of y: C_L; C of a residual block. */
DENSEBLOCK_API int64_t denseblock_plan_output_channels(const denseblock_plan *plan);

/* Bytes of y: N * H * W pixels of so many elements. */
DENSEBLOCK_API size_t denseblock_plan_output_bytes(const denseblock_plan *plan);

/* Bytes of the prepared weights, and of the workspace of one execution: multiples of
 * DENSEBLOCK_ALIGNMENT, possibly 0. */
DENSEBLOCK_API size_t denseblock_plan_weights_bytes(const denseblock_plan *plan);
DENSEBLOCK_API size_t denseblock_plan_workspace_bytes(const denseblock_plan *plan);

/* Floating-point operations of the direct algorithm: 2 * N * H * W * sum(kh * kw * C_l * g_l),
 * taps on padding included; of a residual block 4 * U * N * H * W * kh * kw * C * M. The count by which
 * all algorithms are compared. */
DENSEBLOCK_API double denseblock_plan_flops(const denseblock_plan *plan);

/* Bytes that the layer-by-layer schedule has to move: every layer reads its C_l channels and
 * its kernel once and writes its g_l channels; of a residual block, each convolution reads and writes its
 * channels, and the second one of a unit also reads those that it adds to. x is taken to lie in y. */
DENSEBLOCK_API double denseblock_plan_bytes_moved(const denseblock_plan *plan);

/* Seconds that the plan's model expects one execution to take; 0 for backends that have none. A model puts
 * ways to compute a block in order, and may be far from what is measured. */
DENSEBLOCK_API double denseblock_plan_predicted_seconds(const denseblock_plan *plan);

/* Threads of one execution: 1 for backends that are not the CPU's. */
DENSEBLOCK_API int denseblock_plan_thread_count(const denseblock_plan *plan);

/* What will run, for people to read: several lines, each ended by a newline. It belongs to the
 * plan. */
DENSEBLOCK_API const char *denseblock_plan_describe(const denseblock_plan *plan);

/* ---- Context ------------------------------------------------------------------------------- */

/* What is mutable in an execution, and belongs to one thread at a time.
 *
 * With a CUDA backend: functions that take a context make its device the current one of the calling
 * thread, and the previous one again at the end. CUDA then opens that one too: a process that uses one
 * GPU of several makes it current itself (cudaSetDevice), or sees no other (CUDA_VISIBLE_DEVICES).
 * They read CUDA's last error (cudaGetLastError) if the caller has not. While the thread captures a
 * CUDA Graph, only denseblock_forward, denseblock_copy and denseblock_graph_launch may be called; run a
 * block once before its capture, since CUDA loads kernels when they are first used. */
typedef struct denseblock_context denseblock_context;

/*   backend   best denseblock_plan_backend() of the plan that it shall execute
 *   device    a CUDA device's number, from 0; CPU backends take only 0
 *   context   receives the context, for denseblock_context_destroy; NULL on error
 *
 * DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_UNAVAILABLE, DENSEBLOCK_OUT_OF_MEMORY,
 * DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_context_create(denseblock_backend backend, int device,
                                                           denseblock_context **context);

/* NULL is allowed. Waits for what the context still has to execute. */
DENSEBLOCK_API void denseblock_context_destroy(denseblock_context *context);

/* The cudaStream_t that CUDA backends enqueue on; NULL for CPU backends. */
DENSEBLOCK_API void *denseblock_context_stream(const denseblock_context *context);

/* Waits until everything enqueued has been executed, and returns the first error of it. CPU
 * backends have nothing to wait for. */
DENSEBLOCK_API denseblock_status denseblock_context_synchronize(denseblock_context *context);

/* How long something takes on the device: what is enqueued between the two calls, from the time that
 * the device comes to it. The second one waits for its end. One measurement at a time.
 *
 * DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_timer_start(denseblock_context *context);
DENSEBLOCK_API denseblock_status denseblock_timer_stop(denseblock_context *context,
                                                       double *seconds);

/* Joules that the context's device has used since its driver was loaded: the difference of two
 * calls is what it used between them. It waits for nothing: call denseblock_context_synchronize
 * before both.
 *
 * This is the GPU's own counter, which NVML reads (nvmlDeviceGetTotalEnergyConsumption). It is that
 * of the whole board: with its memory, with what it takes when idle, and with what others compute
 * there. NVIDIA documents millijoules, and not how often they are counted; others have measured
 * periods of 20 to 100 milliseconds. So let a second or more pass between two calls, all of it with
 * the work that is meant. A context's first call opens NVML, which takes a while: make one before.
 *
 * DENSEBLOCK_INVALID_ARGUMENT
 * DENSEBLOCK_UNSUPPORTED    nobody counts it: CPU backends; GPUs older than Volta, virtual ones,
 *                           divided ones (MIG); no libnvidia-ml.so.1. The message says which.
 * DENSEBLOCK_DEVICE_FAILED, DENSEBLOCK_OUT_OF_MEMORY */
DENSEBLOCK_API denseblock_status denseblock_context_energy(denseblock_context *context,
                                                           double *joules);

/* Called now and then during denseblock_forward, on the calling thread, with the part done,
 * 0 to 1, in floating-point operations. CPU backends only; NULL ends it. */
typedef void denseblock_progress(double done, void *user);
DENSEBLOCK_API void denseblock_context_set_progress(denseblock_context *context,
                                                    denseblock_progress *progress, void *user);

/* While `seconds` is set, denseblock_forward waits for every layer, and adds the time that it took, as of
 * a denseblock_timer, to seconds[l], of which there is one for every layer: what a group of layers does together counts for its first one, x's
 * copy and transform for layer 0, and a Winograd layer's repair after all layers for none. Kernels do not
 * overlap then. Not while another measurement runs, or a graph is captured. NULL ends it. */
DENSEBLOCK_API void denseblock_context_time_layers(denseblock_context *context, double *seconds);

/* ---- Buffers and copies -------------------------------------------------------------------- */

/* Memory for tensors, and an account of it: how much is held, the most that was held at once, and
 * when. It may hold memory of several contexts. One thread at a time. */
typedef struct denseblock_buffers denseblock_buffers;

/* What happened to a buffer. */
typedef struct denseblock_buffer_event {
    const char *label;
    denseblock_memory memory;
    bool freed;   /* else allocated */
    size_t bytes; /* of this buffer */
    size_t held;  /* bytes of all buffers in that memory, afterwards */
} denseblock_buffer_event;

/*   timeline   keep every event; it takes memory for as long as `buffers` lives
 *   buffers    receives it, for denseblock_buffers_destroy; NULL on error
 *
 * DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_OUT_OF_MEMORY */
DENSEBLOCK_API denseblock_status denseblock_buffers_create(bool timeline,
                                                           denseblock_buffers **buffers);

/* Frees what is left. Before the contexts that its memory was made with. NULL is allowed. */
DENSEBLOCK_API void denseblock_buffers_destroy(denseblock_buffers *buffers);

/* Allocates memory aligned to DENSEBLOCK_ALIGNMENT, with undefined contents.
 *
 *   context  what is enqueued there may use it at once; other streams, after
 *            denseblock_context_synchronize. It must outlive the buffer.
 *   memory   DENSEBLOCK_MEMORY_DEVICE, for contexts of CUDA backends: in stream order where the
 *            device has memory pools. DENSEBLOCK_MEMORY_HOST: for contexts of CUDA backends it is
 *            pinned, so that copies run beside the host.
 *   label    what it is for, in the time line; copied
 *   address  receives it, for denseblock_buffers_free; NULL when bytes is 0, and on error
 *
 * DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_buffers_allocate(denseblock_buffers *buffers,
                                                             denseblock_context *context,
                                                             denseblock_memory memory,
                                                             size_t bytes, const char *label,
                                                             void **address);

/* Frees it when what its context has enqueued so far has been executed. What another context has
 * enqueued must not need it. NULL is allowed.
 *
 * DENSEBLOCK_INVALID_ARGUMENT for an address that is not (or no longer) of these buffers,
 * DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_buffers_free(denseblock_buffers *buffers,
                                                         void *address);

/* Bytes held now, and the most that were held at once. */
DENSEBLOCK_API size_t denseblock_buffers_held(const denseblock_buffers *buffers,
                                              denseblock_memory memory);
DENSEBLOCK_API size_t denseblock_buffers_peak(const denseblock_buffers *buffers,
                                              denseblock_memory memory);

/* The events so far, oldest first, and how many. Valid until the next allocation or free. */
DENSEBLOCK_API const denseblock_buffer_event *
denseblock_buffers_timeline(const denseblock_buffers *buffers, size_t *count);

/* Bytes of the context's memory that can be allocated now; SIZE_MAX where nobody knows, as for CPU
 * backends. DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_context_free_memory(denseblock_context *context,
                                                                size_t *bytes);

typedef enum denseblock_direction {
    DENSEBLOCK_UPLOAD = 0,   /* host -> memory of the context's backend */
    DENSEBLOCK_DOWNLOAD = 1, /* the reverse */
    DENSEBLOCK_WITHIN = 2    /* both in the backend's memory */
} denseblock_direction;

/* Enqueues a copy of `rows` rows of `row_bytes` bytes, `dst_pitch` and `src_pitch` bytes apart: x
 * into the first channels of y is N*H*W rows of C0 elements. Leave the host memory alone until the copy
 * has been executed (denseblock_context_synchronize). CPU backends have copied at the return.
 *
 * DENSEBLOCK_INVALID_ARGUMENT  a NULL pointer, a pitch that is smaller than a row
 * DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_copy(denseblock_context *context,
                                                 denseblock_direction direction, void *dst,
                                                 size_t dst_pitch, const void *src,
                                                 size_t src_pitch, size_t row_bytes, size_t rows);

/* ---- Weights and execution ----------------------------------------------------------------- */

/* Bytes to which `prepared` and `workspace` must be aligned: aligned_alloc(64, size) and
 * cudaMalloc are. x, y and kernels need the alignment of their elements. */
enum { DENSEBLOCK_ALIGNMENT = 64 };

/* Repacks the kernels into the form that the plan's backend reads.
 *
 *   kernels    layer_count pointers, in host memory. kernels[l] is K_l[kh,kw,C_l,g_l] in the
 *              plan's type, in the backend's memory. Not read after the return.
 *   prepared   denseblock_plan_weights_bytes bytes of the caller, in the backend's memory. It
 *              serves any number of executions of plans with the same desc, backend and options,
 *              and is never written again. It is complete at the return, for all threads and
 *              streams.
 *
 * DENSEBLOCK_INVALID_ARGUMENT  a NULL pointer, a misaligned one, a context of another backend;
 *                              a kernel value that is NaN or Inf (the message has layer and
 *                              position)
 * DENSEBLOCK_DEVICE_FAILED, DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_UNAVAILABLE, as CUDA says */
DENSEBLOCK_API denseblock_status denseblock_weights_prepare(denseblock_context *context,
                                                            const denseblock_plan *plan,
                                                            const void *const *kernels,
                                                            void *prepared);

/* Executes the block.
 *
 *   prepared   of denseblock_weights_prepare
 *   x          [N,H,W,C0]; or NULL or y itself, which mean that x already lies in the first C0
 *              channels of y (pixel stride C_L), and nothing is copied. It may not overlap y
 *              otherwise.
 *   y          [N,H,W,C_L], denseblock_plan_output_bytes bytes. What is in the channels not yet
 *              written does not matter, NaN included.
 *   workspace  denseblock_plan_workspace_bytes bytes, for one execution at a time: the next one on
 *              the same stream may use it again. NULL when 0
 *
 * CPU backends take host pointers, and have finished at the return. CUDA backends take device
 * pointers and only enqueue on the context's stream: they do not synchronise, allocate or look
 * at results, and so can be captured in a CUDA Graph. Plan, context and memory must live until
 * what was enqueued has been executed; those of a captured graph, as long as the graph.
 *
 * x may hold NaN and Inf; they appear in y where the formula puts them.
 *
 * DENSEBLOCK_INVALID_ARGUMENT  a NULL or misaligned pointer, an x that overlaps y, a context of
 *                              another backend or device
 * DENSEBLOCK_DEVICE_FAILED, DENSEBLOCK_OUT_OF_MEMORY, DENSEBLOCK_UNAVAILABLE, as CUDA says */
DENSEBLOCK_API denseblock_status denseblock_forward(denseblock_context *context,
                                                    const denseblock_plan *plan,
                                                    const void *prepared, const void *x, void *y,
                                                    void *workspace);

/* A denseblock_forward captured in a CUDA Graph, which starts all its kernels at once: for those who
 * do not capture it themselves. */
typedef struct denseblock_graph denseblock_graph;

/* Captures a forward with these arguments, and does not execute it. The graph belongs to the context.
 *
 *   graph   receives it, for denseblock_graph_destroy; NULL on error
 *
 * As denseblock_forward; and DENSEBLOCK_UNSUPPORTED for CPU backends, which have no graphs. */
DENSEBLOCK_API denseblock_status denseblock_graph_create(denseblock_context *context,
                                                         const denseblock_plan *plan,
                                                         const void *prepared, const void *x,
                                                         void *y, void *workspace,
                                                         denseblock_graph **graph);

/* Enqueues it on the context's stream. DENSEBLOCK_INVALID_ARGUMENT, DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_graph_launch(denseblock_graph *graph);

/* Before its context, when it is not being executed. NULL is allowed. */
DENSEBLOCK_API void denseblock_graph_destroy(denseblock_graph *graph);

/* ---- Files --------------------------------------------------------------------------------- */

enum { DENSEBLOCK_MAX_RANK = 8 };

/* An array in host memory, row-major. */
typedef struct denseblock_array {
    denseblock_type type;
    int rank; /* 0 to DENSEBLOCK_MAX_RANK */
    int64_t shape[DENSEBLOCK_MAX_RANK];
    void *data; /* memory of malloc; NULL when a size is 0 */
} denseblock_array;

/* The product of the sizes. For arrays made by this library, which fit in memory. */
DENSEBLOCK_API size_t denseblock_array_count(const denseblock_array *array);

/* Reads NumPy's .npy format (versions 1.0 to 3.0; little-endian f2, f4, f8; C order). The file is
 * not trusted: memory is taken only for what the file is long enough to hold.
 *
 *   array   receives the array, for denseblock_array_free
 *
 * DENSEBLOCK_BAD_FILE, DENSEBLOCK_IO_FAILED, DENSEBLOCK_OUT_OF_MEMORY */
DENSEBLOCK_API denseblock_status denseblock_npy_read(const char *path, denseblock_array *array);

/* Frees array->data and zeroes the struct. A zeroed struct and NULL are allowed. */
DENSEBLOCK_API void denseblock_array_free(denseblock_array *array);

/* Writes version 1.0, whole or not at all: see denseblock_output. bf16 has no .npy type:
 * convert it to f32 (DENSEBLOCK_INVALID_ARGUMENT).
 *
 * DENSEBLOCK_BAD_FILE   the path cannot be written
 * DENSEBLOCK_IO_FAILED  disk full and the like; an older file of that name is untouched */
DENSEBLOCK_API denseblock_status denseblock_npy_write(const char *path,
                                                      const denseblock_array *array);

/* A file that appears under its name when it is complete, and never before: opened without a
 * name or under a temporary one in the same folder, and put in place by
 * denseblock_output_commit. A path that is no ordinary file (/dev/null, a pipe) is written as it
 * is. */
typedef struct denseblock_output denseblock_output;

/* Opens it, so that a path which cannot be written is known before the work is done.
 * DENSEBLOCK_BAD_FILE, DENSEBLOCK_OUT_OF_MEMORY */
DENSEBLOCK_API denseblock_status denseblock_output_open(const char *path,
                                                        denseblock_output **output);

/* Where to write; buffered. */
DENSEBLOCK_API FILE *denseblock_output_stream(denseblock_output *output);

/* Writes an array in .npy form to the stream, as denseblock_npy_write does. */
DENSEBLOCK_API denseblock_status denseblock_output_npy(denseblock_output *output,
                                                       const denseblock_array *array);

/* Flushes, syncs to the medium, and puts the file in place of an older one. Frees `output`,
 * whatever the result; on an error nothing is left behind. DENSEBLOCK_IO_FAILED */
DENSEBLOCK_API denseblock_status denseblock_output_commit(denseblock_output *output);

/* Gives it up: nothing is left behind. NULL is allowed. */
DENSEBLOCK_API void denseblock_output_discard(denseblock_output *output);

/* ---- Build and machine --------------------------------------------------------------------- */

typedef struct denseblock_build {
    const char *compiler;           /* of the host code, with its version */
    const char *cuda_compiler;      /* with its version; NULL in a CPU-only build */
    const char *cuda_architectures; /* such as "75;80;90"; NULL in a CPU-only build */
    bool openmp;                    /* CPU backends use several threads */
    const char *isa; /* whose kernels the cpu backend uses here: "avx512", "avx2" or "portable";
                        NULL where the environment variable DENSEBLOCK_ISA asks for others */
    bool nvtx;       /* profilers that know NVTX are told of layers, streams and buffers */
} denseblock_build;

/* Valid until the thread's next call. */
DENSEBLOCK_API const denseblock_build *denseblock_build_info(void);

/* What of CUDA was found on this machine. Versions are CUDA's numbers, 13.0 is 13000; 0 means
 * not found. */
typedef struct denseblock_cuda {
    int runtime_version; /* the runtime this library was built with */
    int driver_version;  /* the newest runtime that the installed driver supports */
    int device_count;
    int cublas_version;       /* 13.1.0 is 130100 */
    int cudnn_version;        /* 9.13.0 is 91300 */
    const char *condition;    /* one line: what this build found, and if no device, why not. A
                              thread-local text, valid until the thread's next call. */
    const char *cublas_files; /* that are looked for, likewise; "" in a CPU-only build */
    const char *cudnn_files;
} denseblock_cuda;

/* Asks; cannot fail: a problem is what it reports. */
DENSEBLOCK_API void denseblock_cuda_query(denseblock_cuda *cuda);

typedef struct denseblock_device {
    char name[256];
    int compute_capability; /* 9.0 is 90 */
    int multiprocessors;
    size_t memory_bytes;
    size_t l2_bytes;
    bool usable;              /* this build has code for it, and a kernel ran there */
    char problem[256];        /* if not, why; else "" */
    bool energy_counted;      /* denseblock_context_energy tells it */
    char energy_problem[256]; /* if not, why; else "" */
} denseblock_device;

/* Uses the device for a moment: not for a thread that is capturing a CUDA Graph.
 *
 * DENSEBLOCK_INVALID_ARGUMENT for a number past the last device, DENSEBLOCK_UNAVAILABLE where
 * there is none, DENSEBLOCK_DEVICE_FAILED */
DENSEBLOCK_API denseblock_status denseblock_device_query(int device, denseblock_device *info);

#ifdef __cplusplus
}
#endif

#endif
