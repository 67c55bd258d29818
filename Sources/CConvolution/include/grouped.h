#pragma once

#include "parts.h"
#include <stdint.h>

/// A convolution in groups of as many channels as filters: of each channel on its own (depthwise), or of a few that are a part of a
/// block. Images lie in blocks of 8 or 16 channels (oneDNN's nChw8c, nChw16c): [samples, blocks, height, width, lanes]. Blocks of 8
/// need AVX2, blocks of 16 AVX-512.
///
/// Kernels and their gradients are in single precision. Those of groups of one channel are [blocks, kernel height, kernel width, lanes]
/// (Goihw8g, Goihw16g), all others as Keras has them: [kernel height, kernel width, channels of a group, filters].
typedef struct {
    ptrdiff_t samples;
    /// Channels in a block: 8 or 16.
    ptrdiff_t lanes;
    ptrdiff_t blocks;
    /// Channels in a group: 1, or a power of two below `lanes`. Those that are not 1 fill all blocks.
    ptrdiff_t group;
    ptrdiff_t input_height, input_width;
    ptrdiff_t output_height, output_width;
    ptrdiff_t kernel_height, kernel_width;
    ptrdiff_t stride_height, stride_width;
    /// From one pixel that the kernel sees to the next.
    ptrdiff_t step_height, step_width;
    /// Zeros above and left of the input.
    ptrdiff_t padding_top, padding_left;
    /// Whether images and their gradients are bf16, else float; sums are in single precision. Only for blocks of 16.
    _Bool bf16_images;
} dptrain_grouped;

/// Floats of scratch memory that each pass needs.
ptrdiff_t dptrain_grouped_scratch(const dptrain_grouped *shape);

/// y = x * kernel + bias, of some blocks; `bias` may be null, else it is as long as all blocks.
void dptrain_grouped_forward(
    const dptrain_grouped *shape, dptrain_part blocks, const void *x, const float *kernel, const float *bias, void *y,
    float *scratch);

/// The gradient of x from that of y, of some blocks.
void dptrain_grouped_input_gradient(
    const dptrain_grouped *shape, dptrain_part blocks, const void *dy, const float *kernel, void *dx, float *scratch);

/// The gradient of the kernel, and of the bias unless `dbias` is null, of some blocks.
void dptrain_grouped_weight_gradient(
    const dptrain_grouped *shape, dptrain_part blocks, const void *x, const void *dy, float *dkernel, float *dbias,
    float *scratch);
