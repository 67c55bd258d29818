#include "few_channels_shape.h"
#include <stddef.h>
#include <string.h>

/// Output channels and pixels of a tile: 20 sums, 4 pixels' values and the weights fit the 32 registers.
enum { most_channels = 5, most_pixels = 4 };

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

UNROLLED void correlate(const int channels, const int pixels, const tile *t) {
    __m512 sums[most_channels][most_pixels];
    UNROLL
    for (int c = 0; c < channels; c++) {
        const __m512 start = t->bias ? _mm512_set1_ps(t->bias[c]) : _mm512_setzero_ps();
        UNROLL
        for (int p = 0; p < pixels; p++) sums[c][p] = start;
    }

    const long weight_column = t->weight_column;
    for (long channel = 0; channel < t->channels; channel++)
        for (long row = 0; row < t->rows; row++) {
            const float *x = t->x + channel * t->x_channel + row * t->x_row;
            const float *weights = t->weights + channel * t->weight_channel + row * t->weight_row;
            for (long column = 0; column < t->columns; column++, x += lanes, weights += weight_column) {
                __m512 values[most_pixels];
                UNROLL
                for (int p = 0; p < pixels; p++) values[p] = _mm512_loadu_ps(x + p * lanes);
                UNROLL
                for (int c = 0; c < channels; c++) {
                    const __m512 weight = _mm512_set1_ps(weights[c]);
                    UNROLL
                    for (int p = 0; p < pixels; p++) sums[c][p] = _mm512_fmadd_ps(values[p], weight, sums[c][p]);
                }
            }
        }

    UNROLL
    for (int c = 0; c < channels; c++)
        UNROLL
        for (int p = 0; p < pixels; p++) {
            // In this order of operands a NaN stays one.
            const __m512 y = t->rectifies ? _mm512_max_ps(_mm512_setzero_ps(), sums[c][p]) : sums[c][p];
            _mm512_storeu_ps(t->y + c * t->y_channel + p * lanes, y);
        }
}

typedef void tile_kernel(const tile *);
#define KERNEL(C, P) \
    AVX512 static void correlate_##C##x##P(const tile *t) { correlate(C, P, t); }
#define KERNELS(C) KERNEL(C, 1) KERNEL(C, 2) KERNEL(C, 4)
KERNELS(1) KERNELS(2) KERNELS(3) KERNELS(4) KERNELS(5)

static tile_kernel *kernel(long channels, long pixels) {
#define CHOICES(C) {correlate_##C##x1, correlate_##C##x2, correlate_##C##x4}
    static tile_kernel *const kernels[most_channels][3] = {
        CHOICES(1), CHOICES(2), CHOICES(3), CHOICES(4), CHOICES(5),
    };
    return kernels[channels - 1][pixels / 2];
}

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

AVX512 static void correlate_all(
    const dptrain_few_channels *s, dptrain_part part, const float *x, const float *weights, const float *bias,
    bool rectifies, float *y, float *scratch
) {
    const long width = reached_width(s), taps = s->input_channels * s->output_channels;
    const long outputs = part.end - part.first, tiles = (outputs + most_channels - 1) / most_channels;
    tile t = {
        .channels = s->input_channels, .x_row = width * lanes, .x_channel = s->input_height * width * lanes,
        .weight_row = s->kernel_width * taps, .weight_column = taps, .weight_channel = s->output_channels,
        .y_channel = s->output_height * s->output_width * lanes, .rectifies = rectifies,
    };
    for (long group = 0; group < s->groups; group++) {
        const float *image = dptrain_widened(s, x, group, scratch);
        float *result = y + group * s->output_channels * t.y_channel;
        for (long row = 0; row < s->output_height; row++) {
            const window_range tap_rows = inside(row - s->top, s->kernel_height, s->input_height);
            t.rows = tap_rows.end - tap_rows.first;
            for (long n = 0; n < tiles; n++) {
                const long channel = part.first + n * outputs / tiles;
                const long channels = part.first + (n + 1) * outputs / tiles - channel;
                t.bias = bias ? bias + channel : NULL;
                for (long pixel = 0, pixels; pixel < s->output_width; pixel += pixels) {
                    pixels = tile_width(s, pixel, channels);
                    const window_range tap_columns = columns(s, pixel, pixels);
                    t.columns = tap_columns.end - tap_columns.first;
                    t.x = image + ((row - s->top + tap_rows.first) * width + pixel + tap_columns.first) * lanes;
                    t.weights = weights + (tap_rows.first * s->kernel_width + tap_columns.first) * taps + channel;
                    t.y = result + channel * t.y_channel + (row * s->output_width + pixel) * lanes;
                    kernel(channels, pixels)(&t);
                }
            }
        }
    }
}

const float *dptrain_widened(const dptrain_few_channels *s, const float *x, long group, float *copy) {
    const long rows = s->input_channels * s->input_height, inner = s->input_width * lanes;
    const float *source = x + group * rows * inner;
    if (widened_count(s) == 0) return source;
    const long left = s->left * lanes, right = reached_width(s) * lanes - left - inner;
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
        .groups = s->groups, .input_channels = s->output_channels, .input_height = s->output_height,
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
