#include "lane.h"

#include <string.h>

#include "geometry.h"

/* For the slices, of what is free on the device: CUDA itself needs a part later. */
static size_t room_for_slices(size_t free_bytes, size_t other_bytes) {
    const size_t usable = free_bytes - free_bytes / 16;

    if (free_bytes == SIZE_MAX) /* host memory */
        return SIZE_MAX;
    return usable > other_bytes ? usable - other_bytes : 0;
}

/* The plan of a slice, and the bytes that a lane needs for it. */
static outcome plan_slice(const slicing_request *request, int64_t images, denseblock_plan **plan,
                          size_t *lane_bytes) {
    denseblock_desc slice = *request->desc;
    denseblock_status status;

    slice.batch = images;
    status = denseblock_plan_create(&slice, request->backend, request->options, plan);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    *lane_bytes = denseblock_plan_output_bytes(*plan) + denseblock_plan_workspace_bytes(*plan);
    if (request->x_apart) /* no more than y, whose bytes fit in ptrdiff_t */
        *lane_bytes += denseblock_plan_output_bytes(*plan) / (size_t)output_channels(&slice) *
                       (size_t)slice.channels;
    return OUTCOME_SUCCESS;
}

/* Whether so many lanes for slices of so many images fit. */
static outcome slice_fits(const slicing_request *request, int64_t images, size_t lanes,
                          size_t room, bool *fits) {
    denseblock_plan *plan = NULL;
    size_t lane_bytes = 0;
    const outcome result = plan_slice(request, images, &plan, &lane_bytes);

    if (result == OUTCOME_SUCCESS) {
        const size_t weights = denseblock_plan_weights_bytes(plan);

        *fits = weights <= room && lane_bytes <= (room - weights) / lanes;
    }
    denseblock_plan_destroy(plan);
    return result;
}

/* The largest slice of which MOST_LANES fit, or 0. */
static outcome largest_slice(const slicing_request *request, size_t room, int64_t *images) {
    int64_t too_many = request->desc->batch;
    outcome result = OUTCOME_SUCCESS;

    *images = 0;
    while (result == OUTCOME_SUCCESS && too_many - *images > 1) {
        const int64_t middle = *images + (too_many - *images) / 2;
        bool fits = false;

        result = slice_fits(request, middle, MOST_LANES, room, &fits);
        if (fits)
            *images = middle;
        else
            too_many = middle;
    }
    return result;
}

/* Where not even one image fits, its allocation will say so. */
static outcome choose_images(const slicing_request *request, size_t room, slicing *slices) {
    const int64_t batch = request->desc->batch;
    bool whole = true;
    outcome result = OUTCOME_SUCCESS;

    slices->images = batch;
    slices->lanes = 1;
    if (room < SIZE_MAX)
        result = slice_fits(request, batch, 1, room, &whole);
    if (result != OUTCOME_SUCCESS || whole || batch < 2)
        return result;
    result = largest_slice(request, room, &slices->images);
    if (slices->images == 0)
        slices->images = 1;
    else
        slices->lanes = MOST_LANES;
    return result;
}

outcome slicing_choose(const slicing_request *request, denseblock_context *context,
                       slicing *slices, denseblock_plan **plan) {
    const denseblock_desc *const desc = request->desc;
    const size_t size = denseblock_type_size(desc->type);
    size_t free_bytes;
    size_t lane_bytes = 0;
    const denseblock_status status = denseblock_context_free_memory(context, &free_bytes);
    outcome result;

    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    result = choose_images(request, room_for_slices(free_bytes, request->other_bytes), slices);
    if (result != OUTCOME_SUCCESS)
        return result;
    slices->batch = desc->batch;
    slices->count = 0;
    if (desc->batch > 0) {
        /* No more slices than needed, but even ones. */
        slices->count = (desc->batch + slices->images - 1) / slices->images;
        slices->images = (desc->batch + slices->count - 1) / slices->count;
    }
    slices->pixels = (size_t)(desc->height * desc->width);
    slices->x_pixel = (size_t)desc->channels * size;
    slices->y_pixel = (size_t)output_channels(desc) * size;
    return plan_slice(request, slices->images, plan, &lane_bytes);
}

int64_t slicing_first(const slicing *slices, int64_t slice) {
    const int64_t first = slice * slices->images;
    const int64_t last = slices->batch - slices->images;

    return first < last ? first : last;
}

outcome lane_upload(lane *one, const slicing *slices, int64_t image, const void *x,
                    const void *y) {
    const size_t pixels = (size_t)slices->images * slices->pixels;
    const size_t first = (size_t)image * slices->pixels;
    denseblock_status status;

    if (x != NULL)
        memcpy(one->staging, (const char *)x + first * slices->x_pixel, pixels * slices->x_pixel);
    else
        for (size_t p = 0; p < pixels; p++)
            memcpy((char *)one->staging + p * slices->x_pixel,
                   (const char *)y + (first + p) * slices->y_pixel, slices->x_pixel);
    if (one->x != NULL)
        status = denseblock_copy(one->context, DENSEBLOCK_UPLOAD, one->x, slices->x_pixel,
                                 one->staging, slices->x_pixel, slices->x_pixel, pixels);
    else
        status = denseblock_copy(one->context, DENSEBLOCK_UPLOAD, one->y, slices->y_pixel,
                                 one->staging, slices->x_pixel, slices->x_pixel, pixels);
    one->holds = image;
    return outcome_of(status);
}

outcome lane_download(lane *one, const slicing *slices) {
    const size_t bytes = (size_t)slices->images * slices->pixels * slices->y_pixel;
    const denseblock_status status = denseblock_copy(
        one->context, DENSEBLOCK_DOWNLOAD, one->staging, bytes, one->y, bytes, bytes, 1);

    return outcome_of(status);
}

outcome lane_collect(lane *one, const slicing *slices, void *y) {
    const size_t bytes = slices->pixels * slices->y_pixel;
    denseblock_status status;

    if (one->holds < 0)
        return OUTCOME_SUCCESS;
    status = denseblock_context_synchronize(one->context);
    if (status != DENSEBLOCK_OK)
        return fail_status(status);
    memcpy((char *)y + (size_t)one->holds * bytes, one->staging, (size_t)slices->images * bytes);
    one->holds = -1;
    return OUTCOME_SUCCESS;
}
