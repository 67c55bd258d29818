#include "lanes.h"
#include "lenet.h"
#include <string.h>

/// Where the window of an output pixel begins.
static inline long first_of_window(const dptrain_lane_pooling *s, long plane, long row, long column) {
    const long top = plane * s->input_height + row * s->window_height;
    return (top * s->input_width + column * s->window_width) * s->lanes;
}

static inline bool leaves_pixels_out(const dptrain_lane_pooling *s) {
    return s->output_height * s->window_height != s->input_height || s->output_width * s->window_width != s->input_width;
}

#define LOOPS "subsampling_lanes.h"
#include "each_width.h"

void dptrain_subsampling_forward(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *coefficients, const float *biases,
    float *y) {
    (shape->windows.lanes == 8 ? forward_avx2 : forward_avx512)(shape, channels, x, coefficients, biases, y);
}

void dptrain_subsampling_gradient(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *dy, const float *coefficients,
    float *dx, float *coefficient_gradient, float *bias_gradient) {
    for (long channel = channels.first; channel < channels.end; channel++)
        (shape->windows.lanes == 8 ? channel_gradient_avx2 : channel_gradient_avx512)(
            shape, channel, x, dy, coefficients, dx, coefficient_gradient, bias_gradient);
}
