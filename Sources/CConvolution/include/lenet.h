#pragma once

/// What LeCun et al. (1998) put between convolutions, with samples side by side as in few_channels.h.
#include "few_channels.h"

/// y = amplitude · tanh(slope · x) of some values, within 4e-7, `lanes` at a time: 16 in AVX-512, 8 in AVX2. Tensors may be in any layout.
void dptrain_scaled_tanh(long lanes, float amplitude, float slope, dptrain_part values, const float *x, float *y);

/// dx = dy times the function's derivative, taken from its result y; `dx` may be `dy`.
void dptrain_scaled_tanh_gradient(
    long lanes, float amplitude, float slope, dptrain_part values, const float *dy, const float *y, float *dx);

/// A subsampling: of each window the sum, times its channel's coefficient, plus the channel's bias. Windows stand side by
/// side from the first pixel on; those of `windows` have no pixels outside of the image.
typedef struct {
    dptrain_lane_pooling windows;
    long channels;
} dptrain_subsampling;

/// Of some channels.
void dptrain_subsampling_forward(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *coefficients, const float *biases, float *y);

/// The gradients of the input and of the parameters, of some channels; any may be null.
void dptrain_subsampling_gradient(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *dy, const float *coefficients, float *dx,
    float *coefficient_gradient, float *bias_gradient);
