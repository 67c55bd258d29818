#pragma once
#include <stdlib.h>
#include <string.h>

// oneDNN 3's calls in terms of oneDNN 2, where an operation is first described, and a layout is a struct. Names and arguments
// are those of version 3; what differs in both versions is called cdnnl_, as in version3.h.

/// A layout of memory, destroyed by whoever has created it.
typedef dnnl_memory_desc_t *cdnnl_memory_desc_t;

// MARK: Layouts

static inline dnnl_status_t dnnl_memory_desc_clone(cdnnl_memory_desc_t *made, const dnnl_memory_desc_t *layout) {
    *made = malloc(sizeof **made);
    if (!*made) return dnnl_out_of_memory;
    **made = *layout;
    return dnnl_success;
}

static inline dnnl_status_t dnnl_memory_desc_destroy(cdnnl_memory_desc_t layout) {
    free(layout);
    return dnnl_success;
}

/// Hands the layout on, or destroys it where it could not be described.
static inline dnnl_status_t cdnnl_made(dnnl_status_t status, cdnnl_memory_desc_t *made) {
    if (status != dnnl_success) {
        free(*made);
        *made = NULL;
    }
    return status;
}

static inline dnnl_status_t dnnl_memory_desc_create_with_tag(
    cdnnl_memory_desc_t *made, int count, const dnnl_dims_t dimensions, dnnl_data_type_t type, dnnl_format_tag_t tag) {
    *made = malloc(sizeof **made);
    if (!*made) return dnnl_out_of_memory;
    return cdnnl_made(dnnl_memory_desc_init_by_tag(*made, count, dimensions, type, tag), made);
}

static inline dnnl_status_t dnnl_memory_desc_create_with_strides(
    cdnnl_memory_desc_t *made, int count, const dnnl_dims_t dimensions, dnnl_data_type_t type, const dnnl_dims_t strides) {
    *made = malloc(sizeof **made);
    if (!*made) return dnnl_out_of_memory;
    return cdnnl_made(dnnl_memory_desc_init_by_strides(*made, count, dimensions, type, strides), made);
}

static inline dnnl_status_t dnnl_memory_desc_create_submemory(
    cdnnl_memory_desc_t *made, const dnnl_memory_desc_t *whole, const dnnl_dims_t dimensions, const dnnl_dims_t offsets) {
    *made = malloc(sizeof **made);
    if (!*made) return dnnl_out_of_memory;
    return cdnnl_made(dnnl_memory_desc_init_submemory(*made, whole, dimensions, offsets), made);
}

/// The same order of elements, of another type.
static inline dnnl_status_t cdnnl_create_with_type(
    cdnnl_memory_desc_t *made, const dnnl_memory_desc_t *layout, dnnl_data_type_t type) {
    dnnl_status_t status = dnnl_memory_desc_clone(made, layout);
    if (status == dnnl_success) (*made)->data_type = type;
    return status;
}

/// Their number.
static inline int cdnnl_dimensions(const dnnl_memory_desc_t *layout, dnnl_dim_t *result) {
    memcpy(result, layout->dims, (size_t)layout->ndims * sizeof(dnnl_dim_t));
    return layout->ndims;
}

/// One for each dimension; their number.
static inline int cdnnl_strides(const dnnl_memory_desc_t *layout, dnnl_dim_t *result) {
    memcpy(result, layout->format_desc.blocking.strides, (size_t)layout->ndims * sizeof(dnnl_dim_t));
    return layout->ndims;
}

/// Sizes of the inner blocks, and the axes that they cut; their number.
static inline int cdnnl_blocks(const dnnl_memory_desc_t *layout, dnnl_dim_t *sizes, dnnl_dim_t *axes) {
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    memcpy(sizes, blocking->inner_blks, (size_t)blocking->inner_nblks * sizeof(dnnl_dim_t));
    memcpy(axes, blocking->inner_idxs, (size_t)blocking->inner_nblks * sizeof(dnnl_dim_t));
    return blocking->inner_nblks;
}

static inline dnnl_data_type_t cdnnl_type(const dnnl_memory_desc_t *layout) { return layout->data_type; }

// MARK: Attributes

static inline dnnl_status_t cdnnl_append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t algorithm) {
    return dnnl_post_ops_append_eltwise(operations, 1, algorithm, 0, 0);
}

/// By what the argument is multiplied.
static inline dnnl_status_t cdnnl_set_factor(dnnl_primitive_attr_t attributes, int argument, float factor) {
    return dnnl_primitive_attr_set_scales(attributes, argument, 1, 0, &factor);
}

/// Whether the gradient of a normalisation is given the shift, which it does not depend on. Either version refuses the other's way.
static inline int cdnnl_gradient_reads_shift(void) { return 1; }

/// Where a factor is read when the primitive computes: the argument's own number to version 3, none to version 2.
static inline int cdnnl_argument_of_factor(int argument) {
    (void)argument;
    return 0;
}

// MARK: Primitives

static inline dnnl_status_t cdnnl_concat_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, const dnnl_memory_desc_t *target, int count, int axis,
    cdnnl_memory_desc_t const *sources, const_dnnl_primitive_attr_t attributes) {
    dnnl_memory_desc_t *layouts = malloc((size_t)count * sizeof *layouts);
    if (!layouts) return dnnl_out_of_memory;
    for (int index = 0; index < count; ++index) layouts[index] = *sources[index];
    dnnl_status_t status =
        dnnl_concat_primitive_desc_create(made, target, count, axis, layouts, attributes, engine);
    free(layouts);
    return status;
}

static inline dnnl_status_t dnnl_convolution_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, dnnl_alg_kind_t algorithm,
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias,
    const dnnl_memory_desc_t *target, const dnnl_dims_t strides, const dnnl_dims_t gaps, const dnnl_dims_t before,
    const dnnl_dims_t after, const_dnnl_primitive_attr_t attributes) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
        &operation, propagation, algorithm, source, weights, bias, target, strides, gaps, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_convolution_backward_data_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *target, const dnnl_dims_t strides, const dnnl_dims_t gaps,
    const dnnl_dims_t before, const dnnl_dims_t after, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(
        &operation, algorithm, source, weights, target, strides, gaps, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_convolution_backward_weights_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *target,
    const dnnl_dims_t strides, const dnnl_dims_t gaps, const dnnl_dims_t before, const dnnl_dims_t after,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(
        &operation, algorithm, source, weights, bias, target, strides, gaps, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_deconvolution_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, dnnl_alg_kind_t algorithm,
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias,
    const dnnl_memory_desc_t *target, const dnnl_dims_t strides, const dnnl_dims_t gaps, const dnnl_dims_t before,
    const dnnl_dims_t after, const_dnnl_primitive_attr_t attributes) {
    dnnl_deconvolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_deconvolution_forward_desc_init(
        &operation, propagation, algorithm, source, weights, bias, target, strides, gaps, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_deconvolution_backward_data_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *target, const dnnl_dims_t strides, const dnnl_dims_t gaps,
    const dnnl_dims_t before, const dnnl_dims_t after, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_deconvolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_deconvolution_backward_data_desc_init(
        &operation, algorithm, source, weights, target, strides, gaps, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_deconvolution_backward_weights_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *target,
    const dnnl_dims_t strides, const dnnl_dims_t gaps, const dnnl_dims_t before, const dnnl_dims_t after,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
    dnnl_deconvolution_desc_t operation;
    dnnl_status_t status = dnnl_dilated_deconvolution_backward_weights_desc_init(
        &operation, algorithm, source, weights, bias, target, strides, gaps, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_inner_product_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *weights, const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *target,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status = dnnl_inner_product_forward_desc_init(&operation, propagation, source, weights, bias, target);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_inner_product_backward_data_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *target, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status = dnnl_inner_product_backward_data_desc_init(&operation, source, weights, target);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_inner_product_backward_weights_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *weights,
    const dnnl_memory_desc_t *bias, const dnnl_memory_desc_t *target, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_inner_product_desc_t operation;
    dnnl_status_t status = dnnl_inner_product_backward_weights_desc_init(&operation, source, weights, bias, target);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

// Version 3 is given source and target, which version 2 takes to have one layout.

static inline dnnl_status_t dnnl_eltwise_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, dnnl_alg_kind_t algorithm,
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *target, float alpha, float beta,
    const_dnnl_primitive_attr_t attributes) {
    (void)target;
    dnnl_eltwise_desc_t operation;
    dnnl_status_t status = dnnl_eltwise_forward_desc_init(&operation, propagation, algorithm, source, alpha, beta);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_eltwise_backward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *sourceGradient,
    const dnnl_memory_desc_t *targetGradient, const dnnl_memory_desc_t *data, float alpha, float beta,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
    (void)sourceGradient;
    dnnl_eltwise_desc_t operation;
    dnnl_status_t status = dnnl_eltwise_backward_desc_init(&operation, algorithm, targetGradient, data, alpha, beta);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_batch_normalization_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *target, float epsilon, unsigned flags, const_dnnl_primitive_attr_t attributes) {
    (void)target;
    dnnl_batch_normalization_desc_t operation;
    dnnl_status_t status = dnnl_batch_normalization_forward_desc_init(&operation, propagation, source, epsilon, flags);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_batch_normalization_backward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation,
    const dnnl_memory_desc_t *sourceGradient, const dnnl_memory_desc_t *targetGradient, const dnnl_memory_desc_t *source,
    float epsilon, unsigned flags, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
    (void)sourceGradient;
    dnnl_batch_normalization_desc_t operation;
    dnnl_status_t status = dnnl_batch_normalization_backward_desc_init(
        &operation, propagation, targetGradient, source, epsilon, flags);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_lrn_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, dnnl_alg_kind_t algorithm,
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *target, dnnl_dim_t size, float alpha, float beta, float k,
    const_dnnl_primitive_attr_t attributes) {
    (void)target;
    dnnl_lrn_desc_t operation;
    dnnl_status_t status = dnnl_lrn_forward_desc_init(&operation, propagation, algorithm, source, size, alpha, beta, k);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_lrn_backward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *sourceGradient,
    const dnnl_memory_desc_t *targetGradient, const dnnl_memory_desc_t *source, dnnl_dim_t size, float alpha, float beta,
    float k, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attributes) {
    (void)sourceGradient;
    dnnl_lrn_desc_t operation;
    dnnl_status_t status = dnnl_lrn_backward_desc_init(&operation, algorithm, targetGradient, source, size, alpha, beta, k);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

// Gaps of poolings are zeros.

static inline dnnl_status_t dnnl_pooling_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, dnnl_alg_kind_t algorithm,
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *target, const dnnl_dims_t strides, const dnnl_dims_t window,
    const dnnl_dims_t gaps, const dnnl_dims_t before, const dnnl_dims_t after, const_dnnl_primitive_attr_t attributes) {
    (void)gaps;
    dnnl_pooling_desc_t operation;
    dnnl_status_t status = dnnl_pooling_forward_desc_init(
        &operation, propagation, algorithm, source, target, strides, window, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_pooling_backward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *source,
    const dnnl_memory_desc_t *target, const dnnl_dims_t strides, const dnnl_dims_t window, const dnnl_dims_t gaps,
    const dnnl_dims_t before, const dnnl_dims_t after, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t attributes) {
    (void)gaps;
    dnnl_pooling_desc_t operation;
    dnnl_status_t status = dnnl_pooling_backward_desc_init(
        &operation, algorithm, source, target, strides, window, before, after);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_resampling_forward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_prop_kind_t propagation, dnnl_alg_kind_t algorithm,
    const float *factors, const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *target,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_resampling_desc_t operation;
    dnnl_status_t status = dnnl_resampling_forward_desc_init(&operation, propagation, algorithm, factors, source, target);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}

static inline dnnl_status_t dnnl_resampling_backward_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const float *factors,
    const dnnl_memory_desc_t *source, const dnnl_memory_desc_t *target, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t attributes) {
    dnnl_resampling_desc_t operation;
    dnnl_status_t status = dnnl_resampling_backward_desc_init(&operation, algorithm, factors, source, target);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, hint);
}

static inline dnnl_status_t dnnl_binary_primitive_desc_create(
    dnnl_primitive_desc_t *made, dnnl_engine_t engine, dnnl_alg_kind_t algorithm, const dnnl_memory_desc_t *first,
    const dnnl_memory_desc_t *second, const dnnl_memory_desc_t *target, const_dnnl_primitive_attr_t attributes) {
    dnnl_binary_desc_t operation;
    dnnl_status_t status = dnnl_binary_desc_init(&operation, algorithm, first, second, target);
    if (status != dnnl_success) return status;
    return dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}
