/* Kernels for the suites of the double. */
#include "test_kernels.h"

#include <stdlib.h>

#include "emulator.h"

struct closure {
    int *x;
    int n, factor, value;
};

int closures;
static const int place;
const void *const kernel_with = &place;

static void run(void *opaque) {
    const struct closure *closure = opaque;
    for (int i = 0; i < closure->n; i++)
        closure->x[i] =
            (closure->factor == 0 ? 0 : closure->factor * closure->x[i]) + closure->value;
    if (closure->n > 0)
        emulator_memory_written(closure->x, (size_t)closure->n * sizeof(int));
}

static void destroy(void *closure) {
    closures--;
    free(closure);
}

static void launch(const struct emulator_launch *sizes, struct closure arguments,
                   cudaStream_t stream) {
    struct closure *closure = malloc(sizeof *closure);
    ck_assert_ptr_nonnull(closure);
    *closure = arguments;
    closures++;
    struct emulator_launch launch = *sizes;
    launch.body = run;
    launch.closure = closure;
    emulator_enqueue(&launch, kernel_with, stream, destroy);
}

static const struct emulator_launch one = {
    .name = "test_kernel", .grid = {1, 1, 1}, .block = {1, 1, 1}};

void launch_update(int *x, int n, int value, cudaStream_t stream) {
    launch(&one, (struct closure){x, n, value, value}, stream);
}

void launch_store(int *x, int n, int value, cudaStream_t stream) {
    launch(&one, (struct closure){x, n, 0, value}, stream);
}

void launch_with(const unsigned grid[3], const unsigned block[3], size_t shared_bytes,
                 cudaStream_t stream) {
    const struct emulator_launch sizes = {.name = "test_kernel",
                                          .grid = {grid[0], grid[1], grid[2]},
                                          .block = {block[0], block[1], block[2]},
                                          .shared_bytes = shared_bytes};
    launch(&sizes, (struct closure){.n = 0}, stream);
}

int *new_device(int n) {
    void *memory = NULL;
    ck_cuda(cudaMalloc(&memory, (size_t)n * sizeof(int)));
    return memory;
}

int *new_pinned(int n) {
    void *memory = NULL;
    ck_cuda(cudaMallocHost(&memory, (size_t)n * sizeof(int)));
    return memory;
}

cudaStream_t new_stream(unsigned flags) {
    cudaStream_t stream = NULL;
    ck_cuda(cudaStreamCreateWithFlags(&stream, flags));
    return stream;
}

cudaStream_t begin_capture(enum cudaStreamCaptureMode mode) {
    cudaStream_t stream = new_stream(cudaStreamNonBlocking);
    ck_cuda(cudaStreamBeginCapture(stream, mode));
    return stream;
}

cudaGraph_t end_capture(cudaStream_t stream) {
    cudaGraph_t graph = NULL;
    ck_cuda(cudaStreamEndCapture(stream, &graph));
    ck_assert_ptr_nonnull(graph);
    return graph;
}
