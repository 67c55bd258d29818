#pragma once
#include <string.h>

// What oneDNN 2 and 3 have under the same name with other arguments, or version 3 as queries only.

/// A layout of memory, destroyed by whoever has created it.
typedef dnnl_memory_desc_t cdnnl_memory_desc_t;

/// Copies what `values` finds, as many as `number` says; their number.
static inline int cdnnl_numbers(
    const_dnnl_memory_desc_t layout, dnnl_query_t number, dnnl_query_t values, dnnl_dim_t *result) {
    int count = 0;
    const dnnl_dims_t *found = NULL;
    if (dnnl_memory_desc_query(layout, number, &count) != dnnl_success) return 0;
    if (dnnl_memory_desc_query(layout, values, &found) != dnnl_success) return 0;
    memcpy(result, *found, (size_t)count * sizeof(dnnl_dim_t));
    return count;
}

/// Their number.
static inline int cdnnl_dimensions(const_dnnl_memory_desc_t layout, dnnl_dim_t *result) {
    return cdnnl_numbers(layout, dnnl_query_ndims_s32, dnnl_query_dims, result);
}

/// One for each dimension; their number.
static inline int cdnnl_strides(const_dnnl_memory_desc_t layout, dnnl_dim_t *result) {
    return cdnnl_numbers(layout, dnnl_query_ndims_s32, dnnl_query_strides, result);
}

/// Sizes of the inner blocks, and the axes that they cut; their number.
static inline int cdnnl_blocks(const_dnnl_memory_desc_t layout, dnnl_dim_t *sizes, dnnl_dim_t *axes) {
    cdnnl_numbers(layout, dnnl_query_inner_nblks_s32, dnnl_query_inner_idxs, axes);
    return cdnnl_numbers(layout, dnnl_query_inner_nblks_s32, dnnl_query_inner_blks, sizes);
}

static inline dnnl_data_type_t cdnnl_type(const_dnnl_memory_desc_t layout) {
    dnnl_data_type_t type = dnnl_data_type_undef;
    dnnl_memory_desc_query(layout, dnnl_query_data_type, &type);
    return type;
}

/// The same order of elements, of another type. Version 3 has no call for it, so the layout is made anew: from its strides, or
/// from the one name of all that describes it.
static inline dnnl_status_t cdnnl_create_with_type(
    dnnl_memory_desc_t *made, const_dnnl_memory_desc_t layout, dnnl_data_type_t type) {
    dnnl_dims_t dimensions, strides, sizes, axes;
    int count = cdnnl_dimensions(layout, dimensions);
    if (cdnnl_strides(layout, strides) == count && cdnnl_blocks(layout, sizes, axes) == 0) {
        return dnnl_memory_desc_create_with_strides(made, count, dimensions, type, strides);
    }
    dnnl_data_type_t own = cdnnl_type(layout);
    for (int tag = dnnl_format_tag_any + 1; tag < dnnl_format_tag_last; ++tag) {
        dnnl_memory_desc_t candidate = NULL;
        if (dnnl_memory_desc_create_with_tag(&candidate, count, dimensions, own, (dnnl_format_tag_t)tag) != dnnl_success) {
            continue;
        }
        int isEqual = dnnl_memory_desc_equal(candidate, layout);
        dnnl_memory_desc_destroy(candidate);
        if (isEqual) return dnnl_memory_desc_create_with_tag(made, count, dimensions, type, (dnnl_format_tag_t)tag);
    }
    return dnnl_unimplemented;
}

static inline dnnl_status_t cdnnl_concat_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, const_dnnl_memory_desc_t target, int count, int axis,
    dnnl_memory_desc_t const *sources, const_dnnl_primitive_attr_t attributes) {
    return dnnl_concat_primitive_desc_create(
        made, engine, target, count, axis, (const_dnnl_memory_desc_t const *)sources, attributes);
}

static inline dnnl_status_t cdnnl_append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t algorithm) {
    return dnnl_post_ops_append_eltwise(operations, algorithm, 0, 0);
}

/// By what the argument is multiplied. Version 3 wants to know here that there is a factor, and reads it when it computes.
static inline dnnl_status_t cdnnl_set_factor(dnnl_primitive_attr_t attributes, int argument, float factor) {
    (void)factor;
    return dnnl_primitive_attr_set_scales_mask(attributes, argument, 0);
}

/// Whether the gradient of a normalisation is given the shift, which it does not depend on. Either version refuses the other's way.
static inline int cdnnl_gradient_reads_shift(void) { return 0; }

/// Where a factor is read when the primitive computes: the argument's own number to version 3, none to version 2.
static inline int cdnnl_argument_of_factor(int argument) { return DNNL_ARG_ATTR_SCALES | argument; }
