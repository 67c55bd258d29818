#include "lanes.h"
#include "lenet.h"
#include <string.h>

/// The window of an output pixel whose first pixel is at `first`.
UNROLLED __m512 window_sum(const dptrain_lane_pooling *s, const float *first) {
    __m512 sum = _mm512_setzero_ps();
    for (long row = 0; row < s->window_height; row++)
        for (long column = 0; column < s->window_width; column++)
            sum = _mm512_add_ps(sum, _mm512_loadu_ps(first + (row * s->input_width + column) * lanes));
    return sum;
}

UNROLLED void fill_window(const dptrain_lane_pooling *s, __m512 value, float *first) {
    for (long row = 0; row < s->window_height; row++)
        for (long column = 0; column < s->window_width; column++)
            _mm512_storeu_ps(first + (row * s->input_width + column) * lanes, value);
}

/// Where the window of an output pixel begins.
static inline long first_of_window(const dptrain_lane_pooling *s, long plane, long row, long column) {
    const long top = plane * s->input_height + row * s->window_height;
    return (top * s->input_width + column * s->window_width) * lanes;
}

static inline bool leaves_pixels_out(const dptrain_lane_pooling *s) {
    return s->output_height * s->window_height != s->input_height || s->output_width * s->window_width != s->input_width;
}

AVX512 void dptrain_subsampling_forward(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *coefficients, const float *biases,
    float *results) {
    const dptrain_lane_pooling *s = &shape->windows;
    for (long plane = channels.first; plane < s->planes; plane++) {
        const long channel = plane % shape->channels;
        if (channel < channels.first || channel >= channels.end) continue;
        const __m512 coefficient = _mm512_set1_ps(coefficients[channel]);
        const __m512 bias = _mm512_set1_ps(biases[channel]);
        float *y = results + plane * s->output_height * s->output_width * lanes;
        for (long row = 0; row < s->output_height; row++)
            for (long column = 0; column < s->output_width; column++, y += lanes) {
                const __m512 sum = window_sum(s, x + first_of_window(s, plane, row, column));
                _mm512_storeu_ps(y, _mm512_fmadd_ps(coefficient, sum, bias));
            }
    }
}

/// Of one channel in all groups, so that its parameters' gradients stay in registers.
AVX512 static void channel_gradient(
    const dptrain_subsampling *shape, long channel, const float *x, const float *dy, const float *coefficients,
    float *dx, float *coefficient_gradient, float *bias_gradient) {
    const dptrain_lane_pooling *s = &shape->windows;
    const __m512 coefficient = _mm512_set1_ps(coefficients[channel]);
    __m512 products = _mm512_setzero_ps(), total = _mm512_setzero_ps();
    for (long plane = channel; plane < s->planes; plane += shape->channels) {
        if (dx && leaves_pixels_out(s))
            memset(dx + first_of_window(s, plane, 0, 0), 0, s->input_height * s->input_width * lanes * sizeof(float));
        const float *gradients = dy + plane * s->output_height * s->output_width * lanes;
        for (long row = 0; row < s->output_height; row++)
            for (long column = 0; column < s->output_width; column++, gradients += lanes) {
                const long first = first_of_window(s, plane, row, column);
                const __m512 gradient = _mm512_loadu_ps(gradients);
                total = _mm512_add_ps(total, gradient);
                if (coefficient_gradient) products = _mm512_fmadd_ps(gradient, window_sum(s, x + first), products);
                if (dx) fill_window(s, _mm512_mul_ps(gradient, coefficient), dx + first);
            }
    }
    if (coefficient_gradient) coefficient_gradient[channel] = _mm512_reduce_add_ps(products);
    if (bias_gradient) bias_gradient[channel] = _mm512_reduce_add_ps(total);
}

AVX512 void dptrain_subsampling_gradient(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *dy, const float *coefficients,
    float *dx, float *coefficient_gradient, float *bias_gradient) {
    for (long channel = channels.first; channel < channels.end; channel++)
        channel_gradient(shape, channel, x, dy, coefficients, dx, coefficient_gradient, bias_gradient);
}
