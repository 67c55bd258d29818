#pragma once

/// Convolutions of few channels, and the poolings behind them, with samples side by side: tensors are [groups of samples]
/// [channels][height][width][samples of a group], so that a register holds one pixel of a group. A group has 16 samples in AVX-512
/// and 8 in AVX2, the lanes of a register. No lane idles then, however few the channels and however odd the images, and all loops
/// are over registers. oneDNN puts as many channels side by side instead.
///
/// Tensors are of floats, 64-byte aligned or not. Sums are taken in an order that only the shape decides. Where the
/// last group has fewer samples, lanes without one hold finite numbers, and zeros in gradients; functions keep it so.
#include "parts.h"
#include <stdbool.h>
#include <stdint.h>

/// A convolution of stride 1. Weights are [kernel height][kernel width][input channels][output channels], Keras's order.
typedef struct {
    /// Samples of a group: 16 in AVX-512, 8 in AVX2.
    long lanes;
    long groups;
    long input_channels, input_height, input_width;
    long output_channels, output_height, output_width;
    long kernel_height, kernel_width;
    /// Zeros above and left of the image; those below and right follow from the sizes. All are fewer than the kernel's
    /// rows and columns.
    long top, left;
} dptrain_few_channels;

/// Floats that each pass wants to use meanwhile.
long dptrain_few_channels_forward_scratch(const dptrain_few_channels *shape);
long dptrain_few_channels_input_gradient_scratch(const dptrain_few_channels *shape);
long dptrain_few_channels_weight_gradient_scratch(const dptrain_few_channels *shape);

/// y = x * weights + bias, then ReLU if wanted, of some output channels; `bias` may be null.
void dptrain_few_channels_forward(
    const dptrain_few_channels *shape, dptrain_part channels, const float *x, const float *weights, const float *bias,
    bool rectifies, float *y, float *scratch);

/// The gradient of some input channels.
void dptrain_few_channels_input_gradient(
    const dptrain_few_channels *shape, dptrain_part channels, const float *dy, const float *weights, float *dx,
    float *scratch);

/// The gradients of weights and, unless null, of the bias: sums over all samples, of some output channels.
void dptrain_few_channels_weight_gradient(
    const dptrain_few_channels *shape, dptrain_part channels, const float *x, const float *dy, float *weight_gradient,
    float *bias_gradient, float *scratch);

/// A pooling over windows of at most 256 pixels, each of which meets the image. Lanes may also be channels: tensors are then
/// [samples][blocks of channels][height][width][channels of a block].
typedef struct {
    /// Samples of a group or channels of a block: 16 in AVX-512, 8 in AVX2.
    long lanes;
    /// Channels of all groups, or blocks of all samples.
    long planes;
    long input_height, input_width;
    long output_height, output_width;
    long window_height, window_width;
    long stride_height, stride_width;
    /// Rows and columns before the image, which do not count.
    long top, left;
} dptrain_lane_pooling;

/// The maximum of each window of some planes and, unless `places` is null, where in the window it is, as a byte a value: the
/// first of several.
void dptrain_max_pooling(
    const dptrain_lane_pooling *shape, dptrain_part planes, const float *x, float *y, uint8_t *places);
void dptrain_max_pooling_gradient(
    const dptrain_lane_pooling *shape, dptrain_part planes, const float *dy, const uint8_t *places, float *dx);

/// The mean of those pixels of each window of some planes that are in the image.
void dptrain_average_pooling(const dptrain_lane_pooling *shape, dptrain_part planes, const float *x, float *y);
void dptrain_average_pooling_gradient(
    const dptrain_lane_pooling *shape, dptrain_part planes, const float *dy, float *dx);
