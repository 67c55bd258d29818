/// The loops of few_channels_weight_gradient.c for groups of LANES samples. Included once for each width (each_width.h).

// Output channels and taps of a row that a tile adds up products of: its sums, its gradients and a value fit the registers, 32 of 16
// lanes or 16 of 8.
#if LANES == 16
#define MOST_CHANNELS 4
#else
#define MOST_CHANNELS 2
#endif
#define MOST_TAPS 5

FIXED void NAMED(add_products)(const int channels, const int taps, const tile *t) {
    vector sums[MOST_TAPS][MOST_CHANNELS];
    UNROLL
    for (int k = 0; k < taps; k++)
        UNROLL
        for (int c = 0; c < channels; c++) sums[k][c] = NAMED(load)(t->sums + k * t->sum_tap + c * LANES);

    const long dy_channel = t->dy_channel;
    for (long row = 0; row < t->rows; row++) {
        const float *x = t->x + row * t->x_row, *dy = t->dy + row * t->dy_row;
        for (long column = 0; column < t->columns; column++, x += LANES, dy += LANES) {
            vector gradients[MOST_CHANNELS];
            UNROLL
            for (int c = 0; c < channels; c++) gradients[c] = NAMED(load)(dy + c * dy_channel);
            UNROLL
            for (int k = 0; k < taps; k++) {
                const vector value = NAMED(load)(x + k * LANES);
                UNROLL
                for (int c = 0; c < channels; c++) sums[k][c] = __builtin_elementwise_fma(value, gradients[c], sums[k][c]);
            }
        }
    }

    UNROLL
    for (int k = 0; k < taps; k++)
        UNROLL
        for (int c = 0; c < channels; c++) *(vector *)(t->sums + k * t->sum_tap + c * LANES) = sums[k][c];
}

#define KERNEL(C, K) \
    TARGET static void NAMED(add_products_##C##x##K)(const tile *t) { NAMED(add_products)(C, K, t); }
#define KERNELS(C) KERNEL(C, 1) KERNEL(C, 2) KERNEL(C, 3) KERNEL(C, 4) KERNEL(C, 5)
#define CHOICES(C)                                                                            \
    {                                                                                         \
        NAMED(add_products_##C##x1), NAMED(add_products_##C##x2), NAMED(add_products_##C##x3), \
            NAMED(add_products_##C##x4), NAMED(add_products_##C##x5)                          \
    }
KERNELS(1) KERNELS(2)
#if LANES == 16
KERNELS(3) KERNELS(4)
#endif

static tile_kernel *NAMED(kernel)(long channels, long taps) {
    static tile_kernel *const kernels[MOST_CHANNELS][MOST_TAPS] = {
        CHOICES(1), CHOICES(2),
#if LANES == 16
        CHOICES(3), CHOICES(4),
#endif
    };
    return kernels[channels - 1][taps - 1];
}

/// Adds the products of all taps and some rows of the output's gradient, channels `channel` and following, to `sums`.
TARGET static void NAMED(add_block)(
    const dptrain_few_channels *s, const float *image, const float *gradient, window_range block, long channel,
    long channels, float *sums
) {
    const long width = reached_width(s), pixels = s->output_height * s->output_width;
    const long tiles = (s->kernel_width + MOST_TAPS - 1) / MOST_TAPS;
    tile t = {
        .columns = s->output_width, .x_row = width * LANES, .dy_row = s->output_width * LANES,
        .dy_channel = pixels * LANES, .sum_tap = s->input_channels * s->output_channels * LANES,
    };
    for (long input = 0; input < s->input_channels; input++)
        for (long tap_row = 0; tap_row < s->kernel_height; tap_row++) {
            // The rows of the block from which this tap meets the image.
            const long first = most(block.first, s->top - tap_row);
            t.rows = least(block.end, s->input_height + s->top - tap_row) - first;
            if (t.rows <= 0) continue;
            t.dy = gradient + (channel * pixels + first * s->output_width) * LANES;
            for (long n = 0; n < tiles; n++) {
                const long tap = n * s->kernel_width / tiles, taps = (n + 1) * s->kernel_width / tiles - tap;
                t.x = image + ((input * s->input_height + first + tap_row - s->top) * width + tap) * LANES;
                t.sums = sums + (tap_row * s->kernel_width + tap) * t.sum_tap
                    + (input * s->output_channels + channel) * LANES;
                NAMED(kernel)(channels, taps)(&t);
            }
        }
}

/// The sum of `count` vectors, lane by lane; four chains, since an addition takes the time of several.
TARGET static vector NAMED(sum)(const float *values, long count) {
    vector sums[4] = {0};
    long i = 0;
    for (; i + 4 <= count; i += 4)
        UNROLL
        for (int k = 0; k < 4; k++) sums[k] += NAMED(load)(values + (i + k) * LANES);
    for (; i < count; i++) sums[0] += NAMED(load)(values + i * LANES);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

#if LANES == 16
/// Of each of 16 vectors the sum of its lanes.
TARGET static vector NAMED(sums_of_lanes)(const float *vectors) {
    __m512 fours[4], halves[2];
    for (int i = 0; i < 4; i++) {
        __m512 pairs[2];
        for (int k = 0; k < 2; k++) {
            const __m512 a = _mm512_loadu_ps(vectors + (4 * i + 2 * k) * LANES);
            const __m512 b = _mm512_loadu_ps(vectors + (4 * i + 2 * k + 1) * LANES);
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
#else
/// Of each of 8 vectors the sum of its lanes.
TARGET static vector NAMED(sums_of_lanes)(const float *vectors) {
    __m256 fours[2];
    for (int i = 0; i < 2; i++) {
        const float *four = vectors + 4 * i * LANES;
        fours[i] = _mm256_hadd_ps(
            _mm256_hadd_ps(NAMED(load)(four), NAMED(load)(four + LANES)),
            _mm256_hadd_ps(NAMED(load)(four + 2 * LANES), NAMED(load)(four + 3 * LANES)));
    }
    // Each 128 bits of fours[i] now hold sums over four lanes of vectors 4i to 4i + 3.
    return _mm256_permute2f128_ps(fours[0], fours[1], 0x20) + _mm256_permute2f128_ps(fours[0], fours[1], 0x31);
}
#endif

/// The sum of the lanes of each of `count` vectors; `vectors` may be read up to the next multiple of LANES.
TARGET static void NAMED(sum_lanes)(const float *vectors, long count, float *result) {
    for (long i = 0; i < count; i += LANES) {
        const vector sums = NAMED(sums_of_lanes)(vectors + i * LANES);
        NAMED(store_some)(result + i, count - i, sums);
    }
}

TARGET static void NAMED(weight_gradient)(
    const dptrain_few_channels *s, dptrain_part part, const float *x, const float *dy, float *weight_gradient,
    float *bias_gradient, float *scratch
) {
    const long outputs = s->output_channels, pixels = s->output_height * s->output_width;
    const long own = part.end - part.first, tiles = (own + MOST_CHANNELS - 1) / MOST_CHANNELS;
    const long rows = most(1, block_pixels / s->output_width);
    float *sums = scratch, *bias_sums = sums + rounded_up(s, weight_count(s)) * LANES;
    float *widened = bias_sums + (rounded_up(s, outputs) + LANES) * LANES;
    memset(scratch, 0, (widened - scratch) * sizeof(float));
    for (long group = 0; group < s->groups; group++) {
        const float *image = dptrain_widened(s, x, group, widened);
        const float *gradient = dy + group * outputs * pixels * LANES;
        for (long row = 0; row < s->output_height; row += rows) {
            const window_range block = {row, least(row + rows, s->output_height)};
            for (long n = 0; n < tiles; n++) {
                const long channel = part.first + n * own / tiles;
                const long channels = part.first + (n + 1) * own / tiles - channel;
                NAMED(add_block)(s, image, gradient, block, channel, channels, sums);
            }
        }
        for (long channel = part.first; channel < part.end; channel++) {
            float *total = bias_sums + channel * LANES;
            *(vector *)total = NAMED(load)(total) + NAMED(sum)(gradient + channel * pixels * LANES, pixels);
        }
    }
    // Those of all channels are one run of memory, those of some a run for each tap and input.
    const long run = own == outputs ? weight_count(s) : own;
    for (long at = part.first; at < weight_count(s); at += own == outputs ? run : outputs)
        NAMED(sum_lanes)(sums + at * LANES, run, weight_gradient + at);
    if (bias_gradient) NAMED(sum_lanes)(bias_sums + part.first * LANES, own, bias_gradient + part.first);
}

#undef MOST_CHANNELS
#undef MOST_TAPS
#undef KERNEL
#undef KERNELS
#undef CHOICES
