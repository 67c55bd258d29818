#include "lanes.h"
#include "lenet.h"

/// From here on tanh is 1 in single precision.
static const float limit = 9.02f;

/// tanh u as u P(u²) / Q(u²). Coefficients of the smallest relative error up to the limit, 2e-8, found by weighted least
/// squares; rounding makes it 3e-7.
UNROLLED __m512 hyperbolic_tangent(__m512 u) {
    static const float p[] = {1.0f, 0.13379746f, 0.0034940667f, 2.0583971e-5f, 1.331968e-8f};
    static const float q[] = {1.0f, 0.46713061f, 0.025871198f, 3.2831437e-4f, 7.7622831e-7f};
    // In this order of operands a NaN stays one.
    u = _mm512_max_ps(_mm512_set1_ps(-limit), _mm512_min_ps(_mm512_set1_ps(limit), u));
    const __m512 square = _mm512_mul_ps(u, u);
    __m512 above = _mm512_set1_ps(p[4]), below = _mm512_set1_ps(q[4]);
    UNROLL
    for (int i = 3; i >= 0; i--) {
        above = _mm512_fmadd_ps(above, square, _mm512_set1_ps(p[i]));
        below = _mm512_fmadd_ps(below, square, _mm512_set1_ps(q[i]));
    }
    const __m512 quotient = _mm512_div_ps(_mm512_mul_ps(u, above), below);
    // Rounded, it may be above 1, where the gradient would change its sign.
    return _mm512_max_ps(_mm512_set1_ps(-1), _mm512_min_ps(_mm512_set1_ps(1), quotient));
}

static inline __mmask16 present(long count, long first) {
    return (__mmask16)((1u << least(lanes, count - first)) - 1);
}

AVX512 void dptrain_scaled_tanh(float amplitude, float slope, dptrain_part values, const float *x, float *y) {
    const __m512 a = _mm512_set1_ps(amplitude), s = _mm512_set1_ps(slope);
    for (long i = values.first; i < values.end; i += lanes) {
        const __mmask16 here = present(values.end, i);
        const __m512 value = _mm512_maskz_loadu_ps(here, x + i);
        _mm512_mask_storeu_ps(y + i, here, _mm512_mul_ps(a, hyperbolic_tangent(_mm512_mul_ps(s, value))));
    }
}

/// dx = dy (A² - y²) S / A.
AVX512 void dptrain_scaled_tanh_gradient(
    float amplitude, float slope, dptrain_part values, const float *dy, const float *y, float *dx) {
    const __m512 square = _mm512_set1_ps(amplitude * amplitude), factor = _mm512_set1_ps(slope / amplitude);
    for (long i = values.first; i < values.end; i += lanes) {
        const __mmask16 here = present(values.end, i);
        const __m512 value = _mm512_maskz_loadu_ps(here, y + i), gradient = _mm512_maskz_loadu_ps(here, dy + i);
        const __m512 derivative = _mm512_mul_ps(_mm512_fnmadd_ps(value, value, square), factor);
        _mm512_mask_storeu_ps(dx + i, here, _mm512_mul_ps(gradient, derivative));
    }
}
