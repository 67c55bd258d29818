#pragma once

#include "parts.h"

/// A convolution of 3x3 kernels with stride 1 on images in blocks of 16 channels (oneDNN's nChw16c): [samples, channels /
/// 16, height, width, 16]. Kernels are [groups, outputs / 16, inputs / 16, 3, 3, 16 inputs, 16 outputs] (gOIhw16i16o).
typedef struct {
    ptrdiff_t samples;
    ptrdiff_t groups;
    /// Of a group: multiples of 16.
    ptrdiff_t inputs, outputs;
    ptrdiff_t input_height, input_width;
    ptrdiff_t output_height, output_width;
    /// Zeros above and left of the input.
    ptrdiff_t padding_top, padding_left;
    /// Whether images and their gradients are bf16, else float; kernels and biases are float.
    _Bool bf16_images;
    /// Whether products are of bf16, with sums in single precision: of transformed values, which are rounded once more.
    /// Only for images in bf16.
    _Bool bf16_products;
} dptrain_winograd;

/// Floats of a convolution's transformed kernels.
ptrdiff_t dptrain_winograd_kernel_floats(const dptrain_winograd *shape);

/// Transforms kernels for the forward pass, to memory aligned at 64 bytes. The result is a function of the kernels alone:
/// one serves all shards.
void dptrain_winograd_transform_kernels(const dptrain_winograd *shape, const float *kernel, float *u);

/// The same with inputs and outputs exchanged and kernels turned by half a circle, for the gradient of the input.
void dptrain_winograd_transform_turned_kernels(const dptrain_winograd *shape, const float *kernel, float *u);

/// Floats of scratch memory that the forward pass and the gradient of the input need.
ptrdiff_t dptrain_winograd_scratch(const dptrain_winograd *shape);

/// y = x * kernel + bias, then max(0, y) if `rectifies`, of some samples; `u` are the transformed kernels, `bias` may be null.
void dptrain_winograd_forward(
    const dptrain_winograd *shape, dptrain_part samples, const void *x, const float *u, const float *bias, _Bool rectifies, void *y,
    float *scratch);

/// The gradient of x from that of y, of some samples; `u` are the transformed turned kernels.
void dptrain_winograd_input_gradient(
    const dptrain_winograd *shape, dptrain_part samples, const void *dy, const float *u, void *dx, float *scratch);

ptrdiff_t dptrain_winograd_kernel_gradient_scratch(const dptrain_winograd *shape);

/// The gradient of the kernel, and of the bias unless `dbias` is null, of some blocks of 16 outputs of all groups.
void dptrain_winograd_kernel_gradient(
    const dptrain_winograd *shape, dptrain_part blocks, const void *x, const void *dy, float *dkernel, float *dbias, float *scratch);
