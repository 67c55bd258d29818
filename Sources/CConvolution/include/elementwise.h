#pragma once

#include "parts.h"
#include <stdint.h>

/// Functions of each element, alone and behind normalisations, at the speed of memory. Images lie in blocks of 8 or 16 channels
/// (oneDNN's nChw8c, nChw16c), which need AVX2 or AVX-512. Values for a channel are floats, as many as all blocks have channels;
/// those beyond the last channel are zero.

typedef enum {
    /// x between 0 and `bound`: ReLU6 and its like.
    dptrain_bounded_relu,
    /// x σ(x).
    dptrain_silu,
    /// x between 0 and 1 times x / 6 + 1/2.
    dptrain_hard_silu,
    /// x Φ(x), with the distribution function Φ of the standard normal distribution.
    dptrain_gelu,
} dptrain_function;

typedef struct {
    dptrain_function function;
    float bound;
} dptrain_activation;

/// y = f(x), of some floats or bf16 in any layout, in registers of `lanes` floats.
void dptrain_activate(
    dptrain_activation f, ptrdiff_t lanes, _Bool bf16, dptrain_part values, const void *x, void *y);

/// dx = dy f'(x); `dx` may be `dy`.
void dptrain_activation_gradient(
    dptrain_activation f, ptrdiff_t lanes, _Bool bf16, dptrain_part values, const void *x, const void *dy, void *dx);

typedef struct {
    ptrdiff_t samples;
    /// Channels in a block: 8 or 16.
    ptrdiff_t lanes;
    ptrdiff_t blocks;
    /// Of an image.
    ptrdiff_t pixels;
    /// Whether images and their gradients are bf16, else float; sums are in single precision. Only for blocks of 16.
    _Bool bf16_images;
} dptrain_blocks;

/// The normalisation of a batch, with an activation behind it.
typedef struct {
    dptrain_blocks images;
    dptrain_activation activation;
    float epsilon;
    /// Null for ones and zeros.
    const float *gamma, *beta;
} dptrain_normalization;

/// Each channel's mean and variance over all samples and pixels, of some blocks, as all functions below are.
void dptrain_channel_moments(const dptrain_blocks *images, dptrain_part blocks, const void *x, float *mean, float *variance);

/// y = f(gamma (x - mean) / sqrt(variance + epsilon) + beta).
void dptrain_normalize(
    const dptrain_normalization *n, dptrain_part blocks, const void *x, const float *mean, const float *variance, void *y);

/// The gradients of x, gamma and beta from that of y, where mean and variance are those of x.
void dptrain_normalization_gradient(
    const dptrain_normalization *n, dptrain_part blocks, const void *x, const void *dy, const float *mean,
    const float *variance, void *dx, float *dgamma, float *dbeta);

/// y = x · factor. Each sample has a factor for each channel.
void dptrain_scale_channels(
    const dptrain_blocks *images, dptrain_part blocks, const void *x, const void *factors, void *y);

/// The gradients of x and the factors; either may be null. The factors and their gradient are of the images' type.
void dptrain_scale_channels_gradient(
    const dptrain_blocks *images, dptrain_part blocks, const void *x, const void *factors, const void *dy, void *dx,
    void *dfactors);

/// y = gamma · x. All samples have the same factor for a channel.
void dptrain_weigh_channels(
    const dptrain_blocks *images, dptrain_part blocks, const void *x, const float *gamma, void *y);

/// The gradients of x, which may be null, and of the factors.
void dptrain_weigh_channels_gradient(
    const dptrain_blocks *images, dptrain_part blocks, const void *x, const float *gamma, const void *dy, void *dx,
    float *dgamma);
