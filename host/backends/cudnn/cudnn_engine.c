#include "backends/cudnn/cudnn_engine.h"

#include <stdio.h>

#include "memory/integer.h"

/* The heuristics of 9.19 offer 40 at most; the better ones come first. */
enum { MOST_CONFIGS = 64, MOST_NOTES = 32 };

/* What is the same for all engines of a search. */
struct request {
    const struct dblk_cudnn_wish *wish;
    denseblock_type type;
    cudnnBackendDescriptor_t graph;
};

/* Tensor cores multiply f16, bf16 and f64 as they are, but f32 only after rounding it, to which some
 * engines own up as a conversion. Winograd and FFT spread NaN to where the formula has none. Without a
 * promise to repeat itself, an engine may not compute an image twice. What a note means that came with
 * a later version, nobody knows. */
static bool is_fit(const struct request *request, cudnnBackendNumericalNote_t note) {
    const bool tf32 = request->wish->arithmetic == DENSEBLOCK_ARITHMETIC_TF32;
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
        return request->type != DENSEBLOCK_F32 || tf32;
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        return tf32; /* which only f32 has */
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
    case CUDNN_NUMERICAL_NOTE_FFT:
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
    case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
        return false;
    default:
        return note < CUDNN_NUMERICAL_NOTE_TYPE_COUNT;
    }
}

/* Some engines for integers want the kernel in an order of their own. */
static bool is_plain(cudnnBackendBehaviorNote_t note) {
    return note != CUDNN_BEHAVIOR_NOTE_REQUIRES_FILTER_INT8x32_REORDER &&
           note != CUDNN_BEHAVIOR_NOTE_REQUIRES_BIAS_INT8x32_REORDER;
}

static bool has_fit_notes(struct dblk_cudnn_descriptors *set, cudnnBackendDescriptor_t engine,
                          const struct request *request) {
    cudnnBackendNumericalNote_t numerical[MOST_NOTES];
    cudnnBackendBehaviorNote_t behaviour[MOST_NOTES];
    const int64_t numerical_count =
        dblk_cudnn_get(set, engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                       MOST_NOTES, numerical);
    const int64_t behaviour_count =
        dblk_cudnn_get(set, engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
                       MOST_NOTES, behaviour);
    bool fit = numerical_count <= MOST_NOTES && behaviour_count <= MOST_NOTES;
    for (int64_t i = 0; fit && i < numerical_count; i++)
        fit = is_fit(request, numerical[i]);
    for (int64_t i = 0; fit && i < behaviour_count; i++)
        fit = is_plain(behaviour[i]);
    return fit;
}

/* Keeps cuDNN's words on what it refused. */
static void keep_words(const struct dblk_cudnn_descriptors *set,
                       struct dblk_cudnn_search *search) {
    search->words[0] = 0;
    set->cudnn->cudnnGetLastErrorString(search->words, sizeof search->words);
    if (search->words[0] == 0)
        (void)snprintf(search->words, sizeof search->words, "%s",
                       set->cudnn->cudnnGetErrorString(set->status));
}

/* Whether the engine of this configuration may do it, and cuDNN's number of it. */
static denseblock_status examine(const struct dblk_cudnn *cudnn, cudnnBackendDescriptor_t config,
                                 const struct request *request, int64_t *index, bool *fit) {
    struct dblk_cudnn_descriptors set = {.cudnn = cudnn};
    cudnnBackendDescriptor_t engine = dblk_cudnn_add(&set, CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    (void)dblk_cudnn_get(&set, config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                         1, &engine);
    (void)dblk_cudnn_get(&set, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                         index);
    *fit = has_fit_notes(&set, engine, request);
    const denseblock_status status = dblk_cudnn_status(&set);
    dblk_cudnn_destroy(&set);
    return status;
}

/* Makes the configuration ready to be executed, and keeps both if it uses no more workspace than it
 * may. Whatever an engine fails for, another one may work: only memory is missing for all. */
static denseblock_status
make_ready(const struct dblk_cudnn *cudnn, cudnnBackendDescriptor_t config,
           struct dblk_cudnn_descriptors *list, const struct request *request,
           struct dblk_cudnn_engine *engine, struct dblk_cudnn_search *search) {
    struct dblk_cudnn_descriptors set = {.cudnn = cudnn};
    int64_t workspace = 0;
    cudnnBackendDescriptor_t plan = dblk_cudnn_add(&set, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    dblk_cudnn_set(&set, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1,
                   &request->wish->handle);
    dblk_cudnn_link(&set, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
    dblk_cudnn_finalize(&set, plan);
    (void)dblk_cudnn_get(&set, plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64,
                         1, &workspace);
    denseblock_status status = DENSEBLOCK_OK;
    if (set.status != CUDNN_STATUS_SUCCESS) {
        search->failed++;
        keep_words(&set, search);
        status = dblk_cudnn_status(&set);
        if (status != DENSEBLOCK_OUT_OF_MEMORY)
            status = DENSEBLOCK_OK;
    } else if (workspace < 0 || (uint64_t)workspace > request->wish->workspace) {
        search->too_large++;
    } else {
        dblk_cudnn_move(list, config, &engine->set);
        dblk_cudnn_move(&set, plan, &engine->set);
        engine->plan = plan;
        engine->workspace = (size_t)workspace;
    }
    dblk_cudnn_destroy(&set);
    return status;
}

static denseblock_status
try_config(const struct dblk_cudnn *cudnn, cudnnBackendDescriptor_t config,
           struct dblk_cudnn_descriptors *list, const struct request *request,
           struct dblk_cudnn_engine *engine, struct dblk_cudnn_search *search) {
    bool fit = false;
    search->offered++;
    const denseblock_status status = examine(cudnn, config, request, &engine->index, &fit);
    if (status != DENSEBLOCK_OK)
        return status;
    if (fit)
        return make_ready(cudnn, config, list, request, engine, search);
    search->unfit++;
    return DENSEBLOCK_OK;
}

/* A refusal is an answer, any other error is one. */
static denseblock_status answer(const struct dblk_cudnn_descriptors *set,
                                struct dblk_cudnn_search *search) {
    if (!dblk_cudnn_is_refusal(set))
        return dblk_cudnn_status(set);
    keep_words(set, search);
    return DENSEBLOCK_OK;
}

/* The configurations that one kind of heuristics proposes, the most promising one first. */
static int64_t list_configs(struct dblk_cudnn_descriptors *list, cudnnBackendDescriptor_t graph,
                            cudnnBackendHeurMode_t mode,
                            cudnnBackendDescriptor_t configs[MOST_CONFIGS]) {
    cudnnBackendDescriptor_t heuristics =
        dblk_cudnn_add(list, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    dblk_cudnn_link(list, heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
    dblk_cudnn_set(list, heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
    dblk_cudnn_finalize(list, heuristics);
    const int64_t proposed = dblk_cudnn_get(list, heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                            CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, NULL);
    const int64_t count = dblk_smaller(proposed, MOST_CONFIGS);
    for (int64_t i = 0; i < count; i++)
        configs[i] = dblk_cudnn_add(list, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    if (count == 0)
        return 0;
    /* Fewer than it said, if it finds only now that some do not work here. */
    return dblk_smaller(count, dblk_cudnn_get(list, heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                              CUDNN_TYPE_BACKEND_DESCRIPTOR, count, configs));
}

static denseblock_status try_mode(const struct dblk_cudnn *cudnn, cudnnBackendHeurMode_t mode,
                                  const struct request *request, struct dblk_cudnn_engine *engine,
                                  struct dblk_cudnn_search *search) {
    struct dblk_cudnn_descriptors list = {.cudnn = cudnn};
    cudnnBackendDescriptor_t configs[MOST_CONFIGS];
    const int64_t count = list_configs(&list, request->graph, mode, configs);
    denseblock_status status =
        list.status == CUDNN_STATUS_SUCCESS ? DENSEBLOCK_OK : answer(&list, search);
    for (int64_t i = 0; status == DENSEBLOCK_OK && engine->plan == NULL && i < count; i++)
        status = try_config(cudnn, configs[i], &list, request, engine, search);
    dblk_cudnn_destroy(&list);
    return status;
}

denseblock_status dblk_cudnn_find_engine(const struct dblk_cudnn *cudnn,
                                         const struct dblk_cudnn_wish *wish,
                                         const struct dblk_cudnn_convolution *convolution,
                                         struct dblk_cudnn_engine *engine,
                                         struct dblk_cudnn_search *search) {
    static const cudnnBackendHeurMode_t modes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
    *search = (struct dblk_cudnn_search){0};
    *engine = (struct dblk_cudnn_engine){.set = {.cudnn = cudnn}};
    const struct request request = {
        .wish = wish,
        .type = convolution->type,
        .graph = dblk_cudnn_build_graph(&engine->set, wish->handle, convolution),
    };
    denseblock_status status = DENSEBLOCK_OK;
    if (engine->set.status != CUDNN_STATUS_SUCCESS)
        status = answer(&engine->set, search);
    else
        for (int m = 0; status == DENSEBLOCK_OK && engine->plan == NULL && m < 2; m++)
            status = try_mode(cudnn, modes[m], &request, engine, search);
    if (engine->plan == NULL)
        dblk_cudnn_destroy(&engine->set);
    return status;
}
