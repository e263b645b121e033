/* Everything that the host makes and has to give back. */
#include "objects.h"

#include "calls.h"
#include "report.h"

static struct double_object *live, *gone;
static long numbers[DOUBLE_EXECUTABLE + 1];

static const char *const kinds[] = {
    [DOUBLE_DEVICE_MEMORY] = "device memory",
    [DOUBLE_PINNED_MEMORY] = "pinned memory",
    [DOUBLE_STREAM] = "stream",
    [DOUBLE_EVENT] = "event",
    [DOUBLE_GRAPH] = "graph",
    [DOUBLE_CUBLAS_HANDLE] = "handle of cuBLAS",
    [DOUBLE_CUDNN_HANDLE] = "handle of cuDNN",
    [DOUBLE_CUDNN_DESCRIPTOR] = "descriptor of cuDNN",
    [DOUBLE_NVML_USE] = "use of NVML",
    [DOUBLE_EXECUTABLE] = "executable graph",
};

void double_object_add(struct double_object *object, enum double_kind kind) {
    object->kind = kind;
    object->made_by = double_call_name();
    object->number = ++numbers[kind];
    object->next = live;
    live = object;
}

static struct double_object *find(struct double_object *list, const void *handle,
                                  enum double_kind kind) {
    for (; list != NULL; list = list->next)
        if (list == handle && list->kind == kind)
            return list;
    return NULL;
}

bool double_object_is(const void *handle, enum double_kind kind, bool must) {
    if (find(live, handle, kind) != NULL)
        return true;
    if (must && find(gone, handle, kind) != NULL)
        double_mistake("%s: the %s was destroyed", double_call_name(), kinds[kind]);
    else if (must)
        double_mistake("%s: no %s, but %p", double_call_name(), kinds[kind], handle);
    return false;
}

void double_object_give_back(struct double_object *object) {
    struct double_object **place = &live;
    while (*place != object)
        place = &(*place)->next;
    *place = object->next;
    object->next = gone;
    object->gone = true;
    gone = object;
}

void double_object_abandon(void *handle, enum double_kind kind) {
    struct double_object *object = find(live, handle, kind);
    if (object != NULL)
        object->abandoned = true;
}

struct double_object *double_object_next(enum double_kind kind, struct double_object *object) {
    object = object == NULL ? live : object->next;
    while (object != NULL && object->kind != kind)
        object = object->next;
    return object;
}

static void forget(struct double_object **list) {
    while (*list != NULL) {
        struct double_object *object = *list;
        *list = object->next;
        object->forget(object);
    }
}

void double_forget_objects(void) {
    forget(&live);
    forget(&gone);
    for (int i = 0; i <= DOUBLE_EXECUTABLE; i++)
        numbers[i] = 0;
}

const char *cuda_double_leaks(void) {
    static struct double_text text;
    double_lock();
    double_text_clear(&text);
    for (const struct double_object *object = live; object != NULL; object = object->next) {
        if (object->abandoned)
            continue;
        if (object->bytes > 0)
            double_text_line(&text, "%s %ld, of %s, %zu bytes", kinds[object->kind],
                             object->number, object->made_by, object->bytes);
        else
            double_text_line(&text, "%s %ld, of %s", kinds[object->kind], object->number,
                             object->made_by);
    }
    double_unlock();
    return text.text == NULL ? "" : text.text;
}
