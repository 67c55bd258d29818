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

/// y = gamma (x - mean) / sqrt(variance + epsilon) + beta.
void dptrain_normalize_features(const dptrain_feature_normalization *n, const void *x, void *y);

/// The gradients of x, gamma and beta from that of y.
void dptrain_feature_normalization_gradient(
    const dptrain_feature_normalization *n, const void *x, const void *dy, void *dx, float *dgamma, float *dbeta);
