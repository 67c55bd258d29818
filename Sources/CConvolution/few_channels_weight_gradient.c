#include "few_channels_shape.h"
#include <string.h>

/// Output channels and taps of a row that a tile adds up products of: 20 sums, 4 gradients and a value fit the
/// registers.
enum { most_channels = 4, most_taps = 5 };
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

UNROLLED void add_products(const int channels, const int taps, const tile *t) {
    __m512 sums[most_taps][most_channels];
    UNROLL
    for (int k = 0; k < taps; k++)
        UNROLL
        for (int c = 0; c < channels; c++) sums[k][c] = _mm512_loadu_ps(t->sums + k * t->sum_tap + c * lanes);

    const long dy_channel = t->dy_channel;
    for (long row = 0; row < t->rows; row++) {
        const float *x = t->x + row * t->x_row, *dy = t->dy + row * t->dy_row;
        for (long column = 0; column < t->columns; column++, x += lanes, dy += lanes) {
            __m512 gradients[most_channels];
            UNROLL
            for (int c = 0; c < channels; c++) gradients[c] = _mm512_loadu_ps(dy + c * dy_channel);
            UNROLL
            for (int k = 0; k < taps; k++) {
                const __m512 value = _mm512_loadu_ps(x + k * lanes);
                UNROLL
                for (int c = 0; c < channels; c++) sums[k][c] = _mm512_fmadd_ps(value, gradients[c], sums[k][c]);
            }
        }
    }

    UNROLL
    for (int k = 0; k < taps; k++)
        UNROLL
        for (int c = 0; c < channels; c++) _mm512_storeu_ps(t->sums + k * t->sum_tap + c * lanes, sums[k][c]);
}

typedef void tile_kernel(const tile *);
#define KERNEL(C, K) \
    AVX512 static void add_products_##C##x##K(const tile *t) { add_products(C, K, t); }
#define KERNELS(C) KERNEL(C, 1) KERNEL(C, 2) KERNEL(C, 3) KERNEL(C, 4) KERNEL(C, 5)
KERNELS(1) KERNELS(2) KERNELS(3) KERNELS(4)

static tile_kernel *kernel(long channels, long taps) {
#define CHOICES(C) \
    {add_products_##C##x1, add_products_##C##x2, add_products_##C##x3, add_products_##C##x4, add_products_##C##x5}
    static tile_kernel *const kernels[most_channels][most_taps] = {CHOICES(1), CHOICES(2), CHOICES(3), CHOICES(4)};
    return kernels[channels - 1][taps - 1];
}

/// Adds the products of all taps and some rows of the output's gradient, channels `channel` and following, to `sums`.
AVX512 static void add_block(
    const dptrain_few_channels *s, const float *image, const float *gradient, window_range block, long channel,
    long channels, float *sums
) {
    const long width = reached_width(s), pixels = s->output_height * s->output_width;
    const long tiles = (s->kernel_width + most_taps - 1) / most_taps;
    tile t = {
        .columns = s->output_width, .x_row = width * lanes, .dy_row = s->output_width * lanes,
        .dy_channel = pixels * lanes, .sum_tap = s->input_channels * s->output_channels * lanes,
    };
    for (long input = 0; input < s->input_channels; input++)
        for (long tap_row = 0; tap_row < s->kernel_height; tap_row++) {
            // The rows of the block from which this tap meets the image.
            const long first = most(block.first, s->top - tap_row);
            t.rows = least(block.end, s->input_height + s->top - tap_row) - first;
            if (t.rows <= 0) continue;
            t.dy = gradient + (channel * pixels + first * s->output_width) * lanes;
            for (long n = 0; n < tiles; n++) {
                const long tap = n * s->kernel_width / tiles, taps = (n + 1) * s->kernel_width / tiles - tap;
                t.x = image + ((input * s->input_height + first + tap_row - s->top) * width + tap) * lanes;
                t.sums = sums + (tap_row * s->kernel_width + tap) * t.sum_tap
                    + (input * s->output_channels + channel) * lanes;
                kernel(channels, taps)(&t);
            }
        }
}

/// The sum of `count` vectors, lane by lane; four chains, since an addition takes the time of several.
AVX512 static __m512 sum(const float *values, long count) {
    __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    long i = 0;
    for (; i + 4 <= count; i += 4)
        UNROLL
        for (int k = 0; k < 4; k++) sums[k] = _mm512_add_ps(sums[k], _mm512_loadu_ps(values + (i + k) * lanes));
    for (; i < count; i++) sums[0] = _mm512_add_ps(sums[0], _mm512_loadu_ps(values + i * lanes));
    return _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
}

/// Of each of 16 vectors the sum of its lanes.
AVX512 static __m512 sums_of_lanes(const float *vectors) {
    __m512 fours[4], halves[2];
    for (int i = 0; i < 4; i++) {
        __m512 pairs[2];
        for (int k = 0; k < 2; k++) {
            const __m512 a = _mm512_loadu_ps(vectors + (4 * i + 2 * k) * lanes);
            const __m512 b = _mm512_loadu_ps(vectors + (4 * i + 2 * k + 1) * lanes);
            pairs[k] = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        }
        const __m512d a = _mm512_castps_pd(pairs[0]), b = _mm512_castps_pd(pairs[1]);
        fours[i] = _mm512_add_ps(
            _mm512_castpd_ps(_mm512_unpacklo_pd(a, b)), _mm512_castpd_ps(_mm512_unpackhi_pd(a, b)));
    }
    // Each 128 bits of fours[i] now hold sums over four lanes of vectors 4i to 4i + 3.
    for (int i = 0; i < 2; i++) {
        const __m512 a = fours[2 * i], b = fours[2 * i + 1];
        halves[i] = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
    }
    return _mm512_add_ps(
        _mm512_shuffle_f32x4(halves[0], halves[1], 0x88), _mm512_shuffle_f32x4(halves[0], halves[1], 0xDD));
}

/// The sum of the lanes of each of `count` vectors; `vectors` may be read up to the next 16.
AVX512 static void sum_lanes(const float *vectors, long count, float *result) {
    for (long i = 0; i < count; i += lanes) {
        const __mmask16 present = (__mmask16)((1u << least(lanes, count - i)) - 1);
        _mm512_mask_storeu_ps(result + i, present, sums_of_lanes(vectors + i * lanes));
    }
}

static long rounded_up(long count) { return (count + lanes - 1) / lanes * lanes; }

long dptrain_few_channels_weight_gradient_scratch(const dptrain_few_channels *s) {
    // Sums of lanes are taken of 16 vectors from any channel on.
    return (rounded_up(weight_count(s)) + rounded_up(s->output_channels) + lanes) * lanes + widened_count(s);
}

AVX512 void dptrain_few_channels_weight_gradient(
    const dptrain_few_channels *s, dptrain_part part, const float *x, const float *dy, float *weight_gradient,
    float *bias_gradient, float *scratch
) {
    const long outputs = s->output_channels, pixels = s->output_height * s->output_width;
    const long own = part.end - part.first, tiles = (own + most_channels - 1) / most_channels;
    const long rows = most(1, block_pixels / s->output_width);
    float *sums = scratch, *bias_sums = sums + rounded_up(weight_count(s)) * lanes;
    float *widened = bias_sums + (rounded_up(outputs) + lanes) * lanes;
    memset(scratch, 0, (widened - scratch) * sizeof(float));
    for (long group = 0; group < s->groups; group++) {
        const float *image = dptrain_widened(s, x, group, widened);
        const float *gradient = dy + group * outputs * pixels * lanes;
        for (long row = 0; row < s->output_height; row += rows) {
            const window_range block = {row, least(row + rows, s->output_height)};
            for (long n = 0; n < tiles; n++) {
                const long channel = part.first + n * own / tiles;
                const long channels = part.first + (n + 1) * own / tiles - channel;
                add_block(s, image, gradient, block, channel, channels, sums);
            }
        }
        for (long channel = part.first; channel < part.end; channel++) {
            float *total = bias_sums + channel * lanes;
            const __m512 added = sum(gradient + channel * pixels * lanes, pixels);
            _mm512_storeu_ps(total, _mm512_add_ps(_mm512_loadu_ps(total), added));
        }
    }
    // Those of all channels are one run of memory, those of some a run for each tap and input.
    const long run = own == outputs ? weight_count(s) : own;
    for (long at = part.first; at < weight_count(s); at += own == outputs ? run : outputs)
        sum_lanes(sums + at * lanes, run, weight_gradient + at);
    if (bias_gradient) sum_lanes(bias_sums + part.first * lanes, own, bias_gradient + part.first);
}
