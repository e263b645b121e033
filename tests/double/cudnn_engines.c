/* Engines, heuristics that name them, and plans. */
#include "cudnn_engines.h"

#include "allocate.h"
#include "cudnn_finalize.h"

/* ---- What an engine takes ---- */

/* What it needs its engine to be able to do. */
static unsigned abilities_for(const struct double_cudnn_problem *problem) {
    unsigned abilities = 0;
    if (!double_cudnn_is_packed(&problem->x))
        abilities |= CUDNN_DOUBLE_STRIDED_INPUT;
    if (!double_cudnn_is_packed(&problem->y))
        abilities |= CUDNN_DOUBLE_STRIDED_OUTPUT;
    if (problem->has_relu)
        abilities |= CUDNN_DOUBLE_FUSED_RELU;
    for (int i = 0; i < DOUBLE_CUDNN_AXES; i++)
        if (problem->before[i] != problem->behind[i])
            abilities |= CUDNN_DOUBLE_UNEVEN_PADDING;
    if (problem->flipped)
        abilities |= CUDNN_DOUBLE_FLIPPED;
    return abilities;
}

/* The pointer is promised to be a multiple of the bytes, and so is each stride that is not 1. */
static bool is_aligned(const struct double_cudnn_tensor *tensor, int alignment) {
    const int64_t size = (int64_t)denseblock_type_size(tensor->type);
    bool aligned = alignment == 0 || tensor->alignment % alignment == 0;
    for (int i = 0; i < DOUBLE_CUDNN_DIMENSIONS && aligned && alignment != 0; i++)
        aligned = tensor->strides[i] == 1 || tensor->strides[i] * size % alignment == 0;
    return aligned;
}

/* What the heuristics look at. */
static bool has_type_and_pattern(const struct cudnn_double_engine *engine,
                                 const struct double_cudnn_problem *problem) {
    return (engine->types >> problem->w.data & 1) != 0 &&
           (!problem->has_relu ||
            (double_cudnn_abilities(engine) & CUDNN_DOUBLE_FUSED_RELU) != 0);
}

static cudnnStatus_t check_support(const struct cudnn_double_engine *engine,
                                   const struct double_cudnn_problem *problem) {
    const int multiple = engine->channel_multiple == 0 ? 1 : engine->channel_multiple;
    const unsigned missing = abilities_for(problem) & ~double_cudnn_abilities(engine);
    if (!has_type_and_pattern(engine, problem))
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN,
                                   "engine %d does not take this type or this pattern",
                                   engine->index);
    if (missing != 0)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_LAYOUT,
                                   "engine %d does not take 0x%x", engine->index, missing);
    if (problem->w.dimensions[0] % multiple != 0 || problem->w.dimensions[1] % multiple != 0)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_SHAPE,
                                   "engine %d takes multiples of %d channels", engine->index,
                                   multiple);
    if (!is_aligned(&problem->x, engine->alignment) ||
        !is_aligned(&problem->w, engine->alignment) ||
        !is_aligned(&problem->y, engine->alignment))
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED_LAYOUT,
                                   "engine %d takes what is aligned to %d bytes", engine->index,
                                   engine->alignment);
    if (problem->beta != 0)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED,
                                   "the double's engines do not add to y");
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Engines ---- */

/* The bits that are set, as enumerators. */
static void put_notes(struct double_cudnn_descriptor *descriptor,
                      cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                      unsigned bits) {
    int notes[32];
    int64_t count = 0;
    for (int i = 0; i < 32; i++)
        if ((bits >> i & 1) != 0)
            notes[count++] = i;
    double_cudnn_put(descriptor, name, type, count, notes);
}

static void put_all_notes(struct double_cudnn_descriptor *descriptor,
                          const struct cudnn_double_engine *engine) {
    put_notes(descriptor, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
              engine->numerical_notes);
    put_notes(descriptor, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
              engine->behavior_notes);
}

/* What an engine's descriptor is about: NULL where there is no engine of that index. */
static const struct cudnn_double_engine *
read_engine(const struct double_cudnn_descriptor *descriptor,
            struct double_cudnn_problem *problem) {
    (void)double_cudnn_read_graph(
        double_cudnn_pointer(descriptor, CUDNN_ATTR_ENGINE_OPERATION_GRAPH), problem);
    return double_cudnn_engine(
        double_cudnn_integer(descriptor, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, -1));
}

cudnnStatus_t double_cudnn_finalize_engine(struct double_cudnn_descriptor *descriptor) {
    struct double_cudnn_problem problem;
    const struct cudnn_double_engine *engine = read_engine(descriptor, &problem);
    if (engine == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED, "no engine of that index");
    const cudnnStatus_t status = check_support(engine, &problem);
    if (status == CUDNN_STATUS_SUCCESS)
        put_all_notes(descriptor, engine);
    return status;
}

cudnnStatus_t double_cudnn_finalize_configuration(struct double_cudnn_descriptor *descriptor) {
    (void)descriptor;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Heuristics ---- */

/* A configuration of the engine, which may turn out not to take the graph: a plan will say so. */
static struct double_cudnn_descriptor *new_result(const struct cudnn_double_engine *engine,
                                                  const void *graph) {
    struct double_cudnn_descriptor *inner = double_cudnn_inner(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    struct double_cudnn_descriptor *result =
        double_cudnn_inner(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    const int64_t index = engine->index;
    double_cudnn_put(inner, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                     &graph);
    double_cudnn_put(inner, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &index);
    put_all_notes(inner, engine);
    double_cudnn_put(result, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                     &inner);
    return result;
}

cudnnStatus_t double_cudnn_finalize_heuristics(struct double_cudnn_descriptor *descriptor) {
    const int64_t mode = double_cudnn_integer(descriptor, CUDNN_ATTR_ENGINEHEUR_MODE, -1);
    const void *graph = double_cudnn_pointer(descriptor, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    struct double_cudnn_problem problem;
    size_t engines;
    const struct cudnn_double_engine *engine = double_cudnn_engines(&engines);
    if (mode < 0 || mode >= CUDNN_HEUR_MODES_COUNT)
        return double_cudnn_refuse(CUDNN_STATUS_BAD_PARAM, "no mode %lld", (long long)mode);
    (void)double_cudnn_read_graph(graph, &problem);
    struct double_cudnn_descriptor **results =
        double_new((engines + 1) * sizeof(struct double_cudnn_descriptor *));
    int64_t count = 0;
    for (size_t i = 0; i < engines; i++)
        if (has_type_and_pattern(&engine[i], &problem) &&
            engine[i].fallback == (mode == CUDNN_HEUR_MODE_FALLBACK))
            results[count++] = new_result(&engine[i], graph);
    double_cudnn_put(descriptor, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                     count, results);
    free(results);
    /* Both answers are seen where there is nothing. */
    if (count == 0 && mode != CUDNN_HEUR_MODE_FALLBACK)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED, "no engine for this graph");
    return CUDNN_STATUS_SUCCESS;
}

/* ---- Plans ---- */

static const struct cudnn_double_engine *
read_configuration(const struct double_cudnn_descriptor *plan,
                   struct double_cudnn_problem *problem) {
    return read_engine(
        double_cudnn_pointer(double_cudnn_pointer(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG),
                             CUDNN_ATTR_ENGINECFG_ENGINE),
        problem);
}

cudnnStatus_t double_cudnn_finalize_plan(struct double_cudnn_descriptor *descriptor) {
    struct double_cudnn_problem problem;
    const struct cudnn_double_engine *engine = read_configuration(descriptor, &problem);
    if (engine == NULL)
        return double_cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED, "no engine of that index");
    const cudnnStatus_t status = check_support(engine, &problem);
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (engine->plan_status != CUDNN_STATUS_SUCCESS)
        return double_cudnn_refuse((cudnnStatus_t)engine->plan_status,
                                   "engine %d has no plan for it", engine->index);
    const int64_t workspace = (int64_t)engine->workspace * problem.x.dimensions[1];
    double_cudnn_put(descriptor, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1,
                     &workspace);
    return CUDNN_STATUS_SUCCESS;
}

void double_cudnn_read_plan(const struct double_cudnn_descriptor *descriptor,
                            struct double_cudnn_plan *plan) {
    const struct cudnn_double_engine *engine = read_configuration(descriptor, &plan->problem);
    plan->handle = double_cudnn_pointer(descriptor, CUDNN_ATTR_EXECUTION_PLAN_HANDLE);
    plan->numerical_notes = engine == NULL ? 0 : engine->numerical_notes;
    plan->workspace =
        (size_t)double_cudnn_integer(descriptor, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, 0);
}
