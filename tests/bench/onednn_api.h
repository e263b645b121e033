/* oneDNN's C API as far as the benchmark uses it, the same for versions 2 and 3. Version 2.6 is
 * the last that has Winograd for CPUs, the newest ones have better direct convolutions. */
#ifndef DENSEBLOCK_BENCH_ONEDNN_API_H
#define DENSEBLOCK_BENCH_ONEDNN_API_H

#include <stdlib.h>

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>

#if DNNL_VERSION_MAJOR >= 3

/* A memory descriptor is an opaque handle. */
typedef dnnl_memory_desc_t api_md;
typedef const_dnnl_memory_desc_t api_const_md;

static inline dnnl_status_t api_md_create(api_md *md, const dnnl_dims_t dims,
                                          dnnl_format_tag_t tag) {
    return dnnl_memory_desc_create_with_tag(md, 4, dims, dnnl_f32, tag);
}

static inline void api_md_destroy(api_md md) {
    dnnl_memory_desc_destroy(md);
}

static inline dnnl_status_t api_convolution(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                            dnnl_alg_kind_t algorithm, api_md src, api_md weights,
                                            api_md dst, const dnnl_dims_t padding) {
    const dnnl_dims_t strides = {1, 1}, dilation = {0, 0};
    return dnnl_convolution_forward_primitive_desc_create(
        pd, engine, dnnl_forward_inference, algorithm, src, weights, NULL, dst, strides, dilation,
        padding, padding, NULL);
}

static inline dnnl_status_t api_relu(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, api_md md) {
    return dnnl_eltwise_forward_primitive_desc_create(pd, engine, dnnl_forward_inference,
                                                      dnnl_eltwise_relu, md, md, 0, 0, NULL);
}

static inline dnnl_status_t api_concat(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                       api_md dst, int count, const api_md *sources) {
    return dnnl_concat_primitive_desc_create(pd, engine, dst, count, 1,
                                             (const_dnnl_memory_desc_t const *)sources, NULL);
}

#else

/* A memory descriptor is a struct; here it lives on the heap, so that it is a pointer too. */
typedef dnnl_memory_desc_t *api_md;
typedef const dnnl_memory_desc_t *api_const_md;

static inline dnnl_status_t api_md_create(api_md *md, const dnnl_dims_t dims,
                                          dnnl_format_tag_t tag) {
    *md = malloc(sizeof **md);
    return *md == NULL ? dnnl_out_of_memory
                       : dnnl_memory_desc_init_by_tag(*md, 4, dims, dnnl_f32, tag);
}

static inline void api_md_destroy(api_md md) {
    free(md);
}

static inline dnnl_status_t api_convolution(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                            dnnl_alg_kind_t algorithm, api_md src, api_md weights,
                                            api_md dst, const dnnl_dims_t padding) {
    const dnnl_dims_t strides = {1, 1};
    dnnl_convolution_desc_t desc;
    dnnl_status_t status =
        dnnl_convolution_forward_desc_init(&desc, dnnl_forward_inference, algorithm, src, weights,
                                           NULL, dst, strides, padding, padding);
    return status != dnnl_success ? status
                                  : dnnl_primitive_desc_create(pd, &desc, NULL, engine, NULL);
}

static inline dnnl_status_t api_relu(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, api_md md) {
    dnnl_eltwise_desc_t desc;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_inference,
                                                          dnnl_eltwise_relu, md, 0, 0);
    return status != dnnl_success ? status
                                  : dnnl_primitive_desc_create(pd, &desc, NULL, engine, NULL);
}

static inline dnnl_status_t api_concat(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                       api_md dst, int count, const api_md *sources) {
    dnnl_memory_desc_t *descs = malloc((size_t)count * sizeof *descs);
    if (descs == NULL)
        return dnnl_out_of_memory;
    for (int i = 0; i < count; i++)
        descs[i] = *sources[i];
    dnnl_status_t status =
        dnnl_concat_primitive_desc_create(pd, dst, count, 1, descs, NULL, engine);
    free(descs);
    return status;
}

#endif

#endif
