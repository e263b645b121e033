/* Events. */
#ifndef TESTS_DOUBLE_EVENTS_H
#define TESTS_DOUBLE_EVENTS_H

#include "graph_nodes.h"
#include "objects.h"
#include "operations.h"

struct CUevent_st {
    struct double_object object;
    int device;
    unsigned flags;
    struct double_operation *operation; /* of the latest record; NULL before the first */

    /* 0, or: the latest record was in this capture, behind these nodes. */
    unsigned long capture;
    struct double_nodes frontier;
};

#endif
