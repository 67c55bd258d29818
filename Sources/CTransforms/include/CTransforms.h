#pragma once
#include <stddef.h>
#include <stdint.h>

/// The inner loops of transforms. Images are row-major [height, width, channels]. Output never overlaps input, unless a function
/// says so. All instruction sets give the same bytes: sums are integers, or floats that are computed one by one.

typedef struct {
    ptrdiff_t height, width, channels;
} dptrain_image;

// MARK: Geometry

/// What lies outside an image.
typedef enum {
    /// Its border.
    dptrain_fill_nearest,
    /// A value.
    dptrain_fill_constant,
    /// The image as in a mirror at its edge: d c b a | a b c d.
    dptrain_fill_reflect,
    /// The image as in a mirror at its last pixel: d c b | a b c d.
    dptrain_fill_mirror,
    /// The image again. As in SciPy's `wrap`, its last pixel lies on its first.
    dptrain_fill_wrap,
} dptrain_fill;

/// The place in the input of a place in the output: x = xx * column + xy * row + x0, and y likewise. Pixels have whole places.
typedef struct {
    double xx, xy, x0, yx, yy, y0;
} dptrain_affine;

/// The pixel of `count` in a line that stands for one at a whole place, for fill modes that repeat the border or mirror the image.
ptrdiff_t dptrain_inside(ptrdiff_t place, ptrdiff_t count, dptrain_fill fill);

/// The weighted mean of the four pixels around each place.
void dptrain_warp_bytes(
    dptrain_image image, const uint8_t *input, const dptrain_affine *affine, dptrain_fill fill, uint8_t value,
    uint8_t *output);
void dptrain_warp_floats(
    dptrain_image image, const float *input, const dptrain_affine *affine, dptrain_fill fill, float value, float *output);

/// The pixel nearest to each place, `value` outside, as Pillow finds it: with places in 16 bits of fraction.
void dptrain_warp_nearest(
    dptrain_image image, const uint8_t *input, const dptrain_affine *affine, uint8_t value, uint8_t *output);

/// Interpolates as Pillow does, between four pixels or sixteen (`is_cubic`). A place that lies on no pixel gets `color`, a byte for
/// each channel.
void dptrain_warp_smooth(
    dptrain_image image, const uint8_t *input, const dptrain_affine *affine, _Bool is_cubic, const uint8_t *color,
    uint8_t *output);

/// Mirrors left and right. `bytes`: of a pixel.
void dptrain_mirror(const uint8_t *input, ptrdiff_t height, ptrdiff_t width, ptrdiff_t bytes, uint8_t *output);

// MARK: Values

/// Replaces each byte by that of its channel's table; `tables` are one for all channels or one for each. In place if wanted.
void dptrain_look_up(
    const uint8_t *tables, ptrdiff_t table_count, const uint8_t *input, ptrdiff_t count, uint8_t *output);

/// How often each byte occurs, 256 counts a channel.
void dptrain_histogram(const uint8_t *input, ptrdiff_t pixels, ptrdiff_t channels, uint32_t *counts);

/// Pillow's luma (ITU-R 601-2) of RGB pixels.
void dptrain_luma(const uint8_t *input, ptrdiff_t pixels, uint8_t *output);

/// The sum of the luma of RGB pixels.
uint64_t dptrain_luma_sum(const uint8_t *input, ptrdiff_t pixels);

/// Each RGB pixel between its luma (factor 0) and itself (factor 65,536), or beyond.
void dptrain_saturate(const uint8_t *input, ptrdiff_t pixels, int32_t factor, uint8_t *output);

/// Each value between the mean of the nine around it, the own one five times (factor 0), and itself (factor 65,536), or beyond.
/// The border stays as it is.
void dptrain_sharpen(dptrain_image image, const uint8_t *input, int32_t factor, uint8_t *output);

/// Turns the hue of RGB pixels by so many full turns.
void dptrain_turn_hue(const uint8_t *input, ptrdiff_t pixels, float turns, uint8_t *output);

/// Blurs along rows and columns. `weights`: 2 * reach + 1, with the sum 65,536. Beyond its border the image is mirrored, the
/// border itself not repeated. `scratch`: as many numbers as values. reach < height, width.
void dptrain_blur(
    dptrain_image image, const uint8_t *input, const uint32_t *weights, ptrdiff_t reach, uint16_t *scratch,
    uint8_t *output);

/// (first * share + second * (65,536 - share)) / 65,536, rounded.
void dptrain_mix_bytes(const uint8_t *first, const uint8_t *second, ptrdiff_t count, uint32_t share, uint8_t *output);
