#include "few_channels_shape.h"
#include <string.h>

/// Pixels whose gradients stay in the nearest cache while all taps and input channels are multiplied with them.
enum { block_pixels = 96 };

/// A tile of the gradient, a few output channels by a few taps of a row: where its operands lie, and how far apart.
typedef struct {
    const float *x, *dy;
    /// Lane by lane what this and earlier blocks of pixels add up to.
    float *sums;
    long rows, columns;
    long x_row, dy_row, dy_channel;
    long sum_tap;
} tile;

typedef void tile_kernel(const tile *);

static long rounded_up(const dptrain_few_channels *s, long count) {
    return (count + s->lanes - 1) / s->lanes * s->lanes;
}

long dptrain_few_channels_weight_gradient_scratch(const dptrain_few_channels *s) {
    // Sums of lanes are taken of a square of vectors from any channel on.
    return (rounded_up(s, weight_count(s)) + rounded_up(s, s->output_channels) + s->lanes) * s->lanes + widened_count(s);
}

#define LOOPS "few_channels_weight_gradient_lanes.h"
#include "each_width.h"

void dptrain_few_channels_weight_gradient(
    const dptrain_few_channels *s, dptrain_part part, const float *x, const float *dy, float *weight_gradient,
    float *bias_gradient, float *scratch
) {
    (s->lanes == 8 ? weight_gradient_avx2 : weight_gradient_avx512)(
        s, part, x, dy, weight_gradient, bias_gradient, scratch);
}
