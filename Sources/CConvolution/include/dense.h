#pragma once

#include <stddef.h>

/// The weights' gradient of a dense layer: [outputs / width, inputs / 16, 16 inputs, width outputs], where `width` is a multiple
/// of 16 (oneDNN's AB16b64a and its like). Of what pads the last blocks it is zero.
typedef struct {
    ptrdiff_t inputs, outputs, width;
    /// Whether rows are bf16, else float; sums and gradients are in single precision.
    _Bool bf16_rows;
} dptrain_dense;

/// A shard of the batch: x: [rows, inputs], dy: [rows, outputs].
typedef struct {
    const void *x, *dy;
    ptrdiff_t rows;
    /// Its gradient is computed into this level of a stack. Then the value on top is added so many times into the one below it.
    ptrdiff_t level, additions;
} dptrain_dense_shard;

/// Levels of the stack.
enum { dptrain_dense_levels = 16 };

/// The gradients of shards, added on the stack of levels. Of the sums that are left, number k goes to dkernels[k], and to
/// dbiases[k] unless `dbiases` is null. A shard's gradient is the same sum over rows, in their order, that oneDNN's kernels make
/// of up to 16 rows.
void dptrain_dense_weight_gradient(
    const dptrain_dense *shape, const dptrain_dense_shard *shards, ptrdiff_t count, float *const *dkernels,
    float *const *dbiases, ptrdiff_t sums);
