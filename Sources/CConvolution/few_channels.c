#include "few_channels_shape.h"
#include <stddef.h>
#include <string.h>

/// A tile of the result, a few channels of a few pixels in a row: where its operands lie, and how far apart (in
/// floats).
typedef struct {
    const float *x, *weights, *bias;
    float *y;
    /// Taps, and input channels, to add up over.
    long rows, columns, channels;
    long x_row, x_channel;
    long weight_row, weight_column, weight_channel;
    long y_channel;
    bool rectifies;
} tile;

typedef void tile_kernel(const tile *);

/// The columns of taps that meet the image from at least one of some neighbouring pixels of the result.
static window_range columns(const dptrain_few_channels *s, long pixel, long pixels) {
    const long start = pixel - s->left;
    return (window_range){most(0, -(start + pixels - 1)), least(s->kernel_width, s->input_width - start)};
}

static long products(const dptrain_few_channels *s, long pixel, long pixels) {
    const window_range taps = columns(s, pixel, pixels);
    return pixels * (taps.end - taps.first);
}

/// How many pixels from `pixel` on to compute together: four, but two near margins where four would mean more products
/// with zeros, if the channels alone are sums enough to keep the processor busy.
static long tile_width(const dptrain_few_channels *s, long pixel, long channels) {
    const long left = s->output_width - pixel;
    if (left < 4) return left < 2 ? 1 : 2;
    const bool meets_margins = pixel < s->left || pixel + 3 + s->kernel_width > s->left + s->input_width;
    if (channels < 4 || !meets_margins) return 4;
    return products(s, pixel, 4) > products(s, pixel, 2) + products(s, pixel + 2, 2) ? 2 : 4;
}

#define LOOPS "few_channels_lanes.h"
#include "each_width.h"

static void correlate_all(
    const dptrain_few_channels *s, dptrain_part part, const float *x, const float *weights, const float *bias,
    bool rectifies, float *y, float *scratch
) {
    (s->lanes == 8 ? correlate_all_avx2 : correlate_all_avx512)(s, part, x, weights, bias, rectifies, y, scratch);
}

const float *dptrain_widened(const dptrain_few_channels *s, const float *x, long group, float *copy) {
    const long rows = s->input_channels * s->input_height, inner = s->input_width * s->lanes;
    const float *source = x + group * rows * inner;
    if (widened_count(s) == 0) return source;
    const long left = s->left * s->lanes, right = reached_width(s) * s->lanes - left - inner;
    for (float *target = copy; target < copy + widened_count(s); target += left + inner + right, source += inner) {
        memset(target, 0, left * sizeof(float));
        memcpy(target + left, source, inner * sizeof(float));
        memset(target + left + inner, 0, right * sizeof(float));
    }
    return copy;
}

long dptrain_few_channels_forward_scratch(const dptrain_few_channels *s) { return widened_count(s); }

void dptrain_few_channels_forward(
    const dptrain_few_channels *s, dptrain_part channels, const float *x, const float *weights, const float *bias,
    bool rectifies, float *y, float *scratch
) {
    correlate_all(s, channels, x, weights, bias, rectifies, y, scratch);
}

/// The input's gradient is a convolution of the output's, with the kernel turned by half a turn.
static dptrain_few_channels backward(const dptrain_few_channels *s) {
    return (dptrain_few_channels){
        .lanes = s->lanes, .groups = s->groups, .input_channels = s->output_channels, .input_height = s->output_height,
        .input_width = s->output_width, .output_channels = s->input_channels, .output_height = s->input_height,
        .output_width = s->input_width, .kernel_height = s->kernel_height, .kernel_width = s->kernel_width,
        .top = s->kernel_height - 1 - s->top, .left = s->kernel_width - 1 - s->left,
    };
}

long dptrain_few_channels_input_gradient_scratch(const dptrain_few_channels *s) {
    const dptrain_few_channels turned = backward(s);
    return weight_count(s) + widened_count(&turned);
}

void dptrain_few_channels_input_gradient(
    const dptrain_few_channels *s, dptrain_part channels, const float *dy, const float *weights, float *dx, float *scratch
) {
    const dptrain_few_channels turned = backward(s);
    const long taps = s->kernel_height * s->kernel_width, inputs = s->input_channels, outputs = s->output_channels;
    for (long tap = 0; tap < taps; tap++)
        for (long i = channels.first; i < channels.end; i++)
            for (long o = 0; o < outputs; o++)
                scratch[((taps - 1 - tap) * outputs + o) * inputs + i] = weights[(tap * inputs + i) * outputs + o];
    correlate_all(&turned, channels, dy, scratch, NULL, false, dx, scratch + weight_count(s));
}
