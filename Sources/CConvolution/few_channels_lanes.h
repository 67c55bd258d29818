/// The loops of few_channels.c for groups of LANES samples: one register a pixel. Included once for each width (each_width.h).

#include "exponential_lanes.h"

// Output channels and pixels of a tile: its sums, its pixels' values and a weight fit the 32 registers of 16 lanes, and the 16 of 8
// but for one, which costs less than smaller tiles do.
#if LANES == 16
#define MOST_CHANNELS 5
#else
#define MOST_CHANNELS 3
#endif
#define MOST_PIXELS 4

/// A NaN stays one.
FIXED vector NAMED(rectified)(vector x) { return NAMED(pick)((words)(x < 0.0f), (vector){0}, x); }

FIXED void NAMED(correlate)(const int channels, const int pixels, const tile *t) {
    vector sums[MOST_CHANNELS][MOST_PIXELS];
    UNROLL
    for (int c = 0; c < channels; c++) {
        const vector start = NAMED(repeated)(t->bias ? t->bias[c] : 0);
        UNROLL
        for (int p = 0; p < pixels; p++) sums[c][p] = start;
    }

    const long weight_column = t->weight_column;
    for (long channel = 0; channel < t->channels; channel++)
        for (long row = 0; row < t->rows; row++) {
            const float *x = t->x + channel * t->x_channel + row * t->x_row;
            const float *weights = t->weights + channel * t->weight_channel + row * t->weight_row;
            for (long column = 0; column < t->columns; column++, x += LANES, weights += weight_column) {
                vector values[MOST_PIXELS];
                UNROLL
                for (int p = 0; p < pixels; p++) values[p] = NAMED(load)(x + p * LANES);
                UNROLL
                for (int c = 0; c < channels; c++) {
                    const vector weight = NAMED(repeated)(weights[c]);
                    UNROLL
                    for (int p = 0; p < pixels; p++) sums[c][p] = __builtin_elementwise_fma(values[p], weight, sums[c][p]);
                }
            }
        }

    UNROLL
    for (int c = 0; c < channels; c++)
        UNROLL
        for (int p = 0; p < pixels; p++) {
            const vector y = t->rectifies ? NAMED(rectified)(sums[c][p]) : sums[c][p];
            *(vector *)(t->y + c * t->y_channel + p * LANES) = y;
        }
}

#define KERNEL(C, P) \
    TARGET static void NAMED(correlate_##C##x##P)(const tile *t) { NAMED(correlate)(C, P, t); }
#define KERNELS(C) KERNEL(C, 1) KERNEL(C, 2) KERNEL(C, 4)
#define CHOICES(C) {NAMED(correlate_##C##x1), NAMED(correlate_##C##x2), NAMED(correlate_##C##x4)}
KERNELS(1) KERNELS(2) KERNELS(3)
#if LANES == 16
KERNELS(4) KERNELS(5)
#endif

static tile_kernel *NAMED(kernel)(long channels, long pixels) {
    static tile_kernel *const kernels[MOST_CHANNELS][3] = {
        CHOICES(1), CHOICES(2), CHOICES(3),
#if LANES == 16
        CHOICES(4), CHOICES(5),
#endif
    };
    return kernels[channels - 1][pixels / 2];
}

TARGET static void NAMED(correlate_all)(
    const dptrain_few_channels *s, dptrain_part part, const float *x, const float *weights, const float *bias,
    bool rectifies, float *y, float *scratch
) {
    const long width = reached_width(s), taps = s->input_channels * s->output_channels;
    const long outputs = part.end - part.first, tiles = (outputs + MOST_CHANNELS - 1) / MOST_CHANNELS;
    tile t = {
        .channels = s->input_channels, .x_row = width * LANES, .x_channel = s->input_height * width * LANES,
        .weight_row = s->kernel_width * taps, .weight_column = taps, .weight_channel = s->output_channels,
        .y_channel = s->output_height * s->output_width * LANES, .rectifies = rectifies,
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
                    t.x = image + ((row - s->top + tap_rows.first) * width + pixel + tap_columns.first) * LANES;
                    t.weights = weights + (tap_rows.first * s->kernel_width + tap_columns.first) * taps + channel;
                    t.y = result + channel * t.y_channel + (row * s->output_width + pixel) * LANES;
                    NAMED(kernel)(channels, pixels)(&t);
                }
            }
        }
    }
}

#undef MOST_CHANNELS
#undef MOST_PIXELS
#undef KERNEL
#undef KERNELS
#undef CHOICES
