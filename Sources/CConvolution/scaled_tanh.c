#include "lanes.h"
#include "lenet.h"
#include <string.h>

#define LOOPS "scaled_tanh_lanes.h"
#include "each_width.h"

void dptrain_scaled_tanh(
    long lanes, float amplitude, float slope, dptrain_part values, const float *x, float *y) {
    (lanes == 8 ? scaled_tanh_avx2 : scaled_tanh_avx512)(amplitude, slope, values, x, y);
}

void dptrain_scaled_tanh_gradient(
    long lanes, float amplitude, float slope, dptrain_part values, const float *dy, const float *y, float *dx) {
    (lanes == 8 ? scaled_tanh_gradient_avx2 : scaled_tanh_gradient_avx512)(amplitude, slope, values, dy, y, dx);
}
