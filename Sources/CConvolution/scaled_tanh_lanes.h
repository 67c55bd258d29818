/// The loops of scaled_tanh.c for registers of LANES floats. Included once for each width (each_width.h).

#include "exponential_lanes.h"

/// A NaN stays one.
FIXED vector NAMED(limited)(vector x, float limit) {
    x = NAMED(pick)((words)(x > limit), NAMED(repeated)(limit), x);
    return NAMED(pick)((words)(x < -limit), NAMED(repeated)(-limit), x);
}

/// tanh u as u P(u²) / Q(u²). Coefficients of the smallest relative error up to the limit, 2e-8, found by weighted least
/// squares; rounding makes it 3e-7.
FIXED vector NAMED(hyperbolic_tangent)(vector u) {
    static const float p[] = {1.0f, 0.13379746f, 0.0034940667f, 2.0583971e-5f, 1.331968e-8f};
    static const float q[] = {1.0f, 0.46713061f, 0.025871198f, 3.2831437e-4f, 7.7622831e-7f};
    // From here on tanh is 1 in single precision.
    u = NAMED(limited)(u, 9.02f);
    const vector square = u * u;
    vector above = NAMED(repeated)(p[4]), below = NAMED(repeated)(q[4]);
    UNROLL
    for (int i = 3; i >= 0; i--) {
        above = __builtin_elementwise_fma(above, square, NAMED(repeated)(p[i]));
        below = __builtin_elementwise_fma(below, square, NAMED(repeated)(q[i]));
    }
    const vector quotient = (u * above) / below;
    // Rounded, it may be above 1, where the gradient would change its sign.
    return NAMED(limited)(quotient, 1);
}

TARGET static void NAMED(scaled_tanh)(float amplitude, float slope, dptrain_part values, const float *x, float *y) {
    for (long i = values.first; i < values.end; i += LANES) {
        const vector value = NAMED(some)(x + i, values.end - i, 0);
        NAMED(store_some)(y + i, values.end - i, amplitude * NAMED(hyperbolic_tangent)(slope * value));
    }
}

/// dx = dy (A² - y²) S / A.
TARGET static void NAMED(scaled_tanh_gradient)(
    float amplitude, float slope, dptrain_part values, const float *dy, const float *y, float *dx) {
    const vector square = NAMED(repeated)(amplitude * amplitude);
    for (long i = values.first; i < values.end; i += LANES) {
        const vector value = NAMED(some)(y + i, values.end - i, 0), gradient = NAMED(some)(dy + i, values.end - i, 0);
        const vector derivative = __builtin_elementwise_fma(-value, value, square) * (slope / amplitude);
        NAMED(store_some)(dx + i, values.end - i, gradient * derivative);
    }
}
