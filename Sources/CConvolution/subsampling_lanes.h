/// The loops of subsampling.c for groups of LANES samples. Included once for each width (each_width.h).

/// The window of an output pixel whose first pixel is at `first`.
FIXED vector NAMED(window_sum)(const dptrain_lane_pooling *s, const float *first) {
    vector sum = {0};
    for (long row = 0; row < s->window_height; row++)
        for (long column = 0; column < s->window_width; column++)
            sum += NAMED(load)(first + (row * s->input_width + column) * LANES);
    return sum;
}

FIXED void NAMED(fill_window)(const dptrain_lane_pooling *s, vector value, float *first) {
    for (long row = 0; row < s->window_height; row++)
        for (long column = 0; column < s->window_width; column++)
            *(vector *)(first + (row * s->input_width + column) * LANES) = value;
}

TARGET static void NAMED(forward)(
    const dptrain_subsampling *shape, dptrain_part channels, const float *x, const float *coefficients, const float *biases,
    float *results) {
    const dptrain_lane_pooling *s = &shape->windows;
    for (long plane = channels.first; plane < s->planes; plane++) {
        const long channel = plane % shape->channels;
        if (channel < channels.first || channel >= channels.end) continue;
        const vector coefficient = NAMED(repeated)(coefficients[channel]);
        const vector bias = NAMED(repeated)(biases[channel]);
        float *y = results + plane * s->output_height * s->output_width * LANES;
        for (long row = 0; row < s->output_height; row++)
            for (long column = 0; column < s->output_width; column++, y += LANES) {
                const vector sum = NAMED(window_sum)(s, x + first_of_window(s, plane, row, column));
                *(vector *)y = __builtin_elementwise_fma(coefficient, sum, bias);
            }
    }
}

/// Of one channel in all groups, so that its parameters' gradients stay in registers.
TARGET static void NAMED(channel_gradient)(
    const dptrain_subsampling *shape, long channel, const float *x, const float *dy, const float *coefficients,
    float *dx, float *coefficient_gradient, float *bias_gradient) {
    const dptrain_lane_pooling *s = &shape->windows;
    const vector coefficient = NAMED(repeated)(coefficients[channel]);
    vector products = {0}, total = {0};
    for (long plane = channel; plane < s->planes; plane += shape->channels) {
        if (dx && leaves_pixels_out(s))
            memset(dx + first_of_window(s, plane, 0, 0), 0, s->input_height * s->input_width * LANES * sizeof(float));
        const float *gradients = dy + plane * s->output_height * s->output_width * LANES;
        for (long row = 0; row < s->output_height; row++)
            for (long column = 0; column < s->output_width; column++, gradients += LANES) {
                const long first = first_of_window(s, plane, row, column);
                const vector gradient = NAMED(load)(gradients);
                total += gradient;
                if (coefficient_gradient)
                    products = __builtin_elementwise_fma(gradient, NAMED(window_sum)(s, x + first), products);
                if (dx) NAMED(fill_window)(s, gradient * coefficient, dx + first);
            }
    }
    if (coefficient_gradient) coefficient_gradient[channel] = NAMED(total)(products);
    if (bias_gradient) bias_gradient[channel] = NAMED(total)(total);
}
