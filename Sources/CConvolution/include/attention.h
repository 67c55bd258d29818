#pragma once

#include "parts.h"

/// The two products of an attention of several heads (Vaswani et al., Attention is all you need, 2017), with softmax between them.
/// Queries, keys and values are [samples, places, heads, width], weights are [samples, heads, queries, places].
typedef struct {
    ptrdiff_t heads;
    /// Places of the query, and those of keys and values.
    ptrdiff_t queries, places;
    /// Numbers of a head in a place.
    ptrdiff_t width;
    /// Floats in a register: 8 or 16, which need AVX2 or AVX-512.
    ptrdiff_t lanes;
    /// What products of queries and keys are multiplied by.
    float scale;
} dptrain_attention;

/// Floats of scratch memory that each function needs.
ptrdiff_t dptrain_attention_scratch(const dptrain_attention *shape);

// Parts are of all samples' heads, those of a sample one after the other.

/// weights = softmax(scale · query keyᵀ).
void dptrain_attention_weights(
    const dptrain_attention *shape, dptrain_part heads, const float *query, const float *key, float *weights,
    float *scratch);

/// The gradients of query and key from that of the weights; either may be null.
void dptrain_attention_weights_gradient(
    const dptrain_attention *shape, dptrain_part heads, const float *query, const float *key, const float *weights,
    const float *dweights, float *dquery, float *dkey, float *scratch);

/// y = weights · values.
void dptrain_attention_sum(
    const dptrain_attention *shape, dptrain_part heads, const float *weights, const float *values, float *y,
    float *scratch);

/// The gradients of weights and values from that of y; either may be null.
void dptrain_attention_sum_gradient(
    const dptrain_attention *shape, dptrain_part heads, const float *weights, const float *values, const float *dy,
    float *dweights, float *dvalues, float *scratch);
