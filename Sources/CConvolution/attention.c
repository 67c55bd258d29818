/// Attention is products of small matrices, a head's of one sample, between which a softmax stands. A product packs some columns
/// of its second factor one row after the other, transposed where needed. It goes through the rows of the first with sums in
/// registers.

#include "attention.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

/// A matrix in memory: its rows are `down` floats apart, its columns `across`.
typedef struct {
    const float *values;
    ptrdiff_t down, across;
} matrix;

/// Registers that a row of a product's results takes: with those of several rows, as many as the processor has for sums.
#define VECTORS (LANES == 16 ? 4 : 2)

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/// Floats of the packed columns of any product.
static ptrdiff_t packed_floats(const dptrain_attention *s) {
    return most(s->width, most(s->queries, s->places)) * (s->lanes == 16 ? 4 : 2) * s->lanes;
}

ptrdiff_t dptrain_attention_scratch(const dptrain_attention *s) {
    // The gradient before the softmax lies behind the packed columns.
    return packed_floats(s) + s->queries * s->places;
}

/// From one place to the next.
static ptrdiff_t stride(const dptrain_attention *s) { return s->heads * s->width; }

/// Where a head's numbers begin in an array of `places` places.
static ptrdiff_t head_at(const dptrain_attention *s, ptrdiff_t head, ptrdiff_t places) {
    return head / s->heads * places * stride(s) + head % s->heads * s->width;
}

static ptrdiff_t weights_at(const dptrain_attention *s, ptrdiff_t head) { return head * s->queries * s->places; }

/// A row for each place.
static matrix of_places(const dptrain_attention *s, const float *values) { return (matrix){values, stride(s), 1}; }

/// A row for each query.
static matrix of_queries(const dptrain_attention *s, const float *weights) { return (matrix){weights, s->places, 1}; }

static matrix transposed(matrix m) { return (matrix){m.values, m.across, m.down}; }

#define LOOPS "attention_lanes.h"
#include "each_width.h"

void dptrain_attention_weights(
    const dptrain_attention *s, dptrain_part heads, const float *query, const float *key, float *weights, float *scratch) {
    (s->lanes == 8 ? weights_avx2 : weights_avx512)(s, heads, query, key, weights, scratch);
}

void dptrain_attention_weights_gradient(
    const dptrain_attention *s, dptrain_part heads, const float *query, const float *key, const float *weights,
    const float *dweights, float *dquery, float *dkey, float *scratch) {
    (s->lanes == 8 ? weights_gradient_avx2 : weights_gradient_avx512)(
        s, heads, query, key, weights, dweights, dquery, dkey, scratch);
}

void dptrain_attention_sum(
    const dptrain_attention *s, dptrain_part heads, const float *weights, const float *values, float *y, float *scratch) {
    (s->lanes == 8 ? sum_avx2 : sum_avx512)(s, heads, weights, values, y, scratch);
}

void dptrain_attention_sum_gradient(
    const dptrain_attention *s, dptrain_part heads, const float *weights, const float *values, const float *dy,
    float *dweights, float *dvalues, float *scratch) {
    (s->lanes == 8 ? sum_gradient_avx2 : sum_gradient_avx512)(
        s, heads, weights, values, dy, dweights, dvalues, scratch);
}
