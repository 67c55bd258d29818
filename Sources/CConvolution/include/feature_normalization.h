#pragma once

#include "elementwise.h"

/// The normalisation of each pixel's channels by their own mean and variance, on images in blocks of channels as in elementwise.h.
typedef struct {
    dptrain_blocks images;
    /// Those beyond it in the last block are zero, and stay it.
    ptrdiff_t channels;
    float epsilon;
    /// Null for ones and zeros.
    const float *gamma, *beta;
} dptrain_feature_normalization;

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta, of some samples.
void dptrain_normalize_features(
    const dptrain_feature_normalization *n, dptrain_part samples, const void *x, void *y);

/// The gradients of x, gamma and beta from that of y.
void dptrain_feature_normalization_gradient(
    const dptrain_feature_normalization *n, const void *x, const void *dy, void *dx, float *dgamma, float *dbeta);

/// The same in two steps, which threads can share. First the gradient of x of some samples; for each of their pixels the mean, and
/// one by the deviation, are left in `moments`, [samples, 2, pixels].
void dptrain_feature_input_gradient(
    const dptrain_feature_normalization *n, dptrain_part samples, const void *x, const void *dy, void *dx, float *moments);

/// Then the gradients of gamma and beta of some blocks, over all samples.
void dptrain_feature_parameter_gradient(
    const dptrain_feature_normalization *n, dptrain_part blocks, const void *x, const void *dy, const float *moments,
    float *dgamma, float *dbeta);
