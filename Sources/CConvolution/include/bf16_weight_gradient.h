#pragma once

#include "parts.h"
#include <stdint.h>

/// A convolution of bf16 images in blocks of 16 channels (oneDNN's nChw16c): [samples, channels / 16, height, width, 16].
/// Kernels' gradients are in single precision: [outputs / 16, inputs / 16, height, width, 16 inputs, 16 outputs] (OIhw16i16o).
typedef struct {
    ptrdiff_t samples;
    /// Multiples of 16.
    ptrdiff_t inputs, outputs;
    ptrdiff_t input_height, input_width;
    ptrdiff_t output_height, output_width;
    ptrdiff_t kernel_height, kernel_width;
    ptrdiff_t stride_height, stride_width;
    /// From one pixel that the kernel sees to the next.
    ptrdiff_t step_height, step_width;
    /// Zeros above and left of the input.
    ptrdiff_t padding_top, padding_left;
} dptrain_convolution;

/// Bytes of scratch memory that the pass needs.
ptrdiff_t dptrain_bf16_weight_gradient_scratch(const dptrain_convolution *shape);

/// The gradient of the kernel, and of the bias unless `dbias` is null, of some blocks of 16 outputs.
void dptrain_bf16_weight_gradient(
    const dptrain_convolution *shape, dptrain_part blocks, const uint16_t *x, const uint16_t *dy, float *dkernel,
    float *dbias, void *scratch);
