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

AVX512 void dptrain_subsampling_forward(
    const dptrain_subsampling *shape, const float *x, const float *coefficients, const float *biases, float *y) {
    const dptrain_lane_pooling *s = &shape->windows;
    for (long plane = 0; plane < s->planes; plane++) {
        const __m512 coefficient = _mm512_set1_ps(coefficients[plane % shape->channels]);
        const __m512 bias = _mm512_set1_ps(biases[plane % shape->channels]);
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
    const dptrain_subsampling *shape, const float *x, const float *dy, const float *coefficients, float *dx,
    float *coefficient_gradient, float *bias_gradient) {
    const dptrain_lane_pooling *s = &shape->windows;
    const bool leaves_pixels_out = s->output_height * s->window_height != s->input_height
        || s->output_width * s->window_width != s->input_width;
    if (dx && leaves_pixels_out) memset(dx, 0, s->planes * s->input_height * s->input_width * lanes * sizeof(float));
    for (long channel = 0; channel < shape->channels; channel++)
        channel_gradient(shape, channel, x, dy, coefficients, dx, coefficient_gradient, bias_gradient);
}
