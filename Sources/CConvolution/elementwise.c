/// Elementwise functions, and normalisations with one behind them. They are limited by memory: each reads its operands once
/// where they do not fit the cache, and a value that can be computed again is not stored.

#include "elementwise.h"
#include <math.h>
#include <string.h>

/// Pixels whose moments are taken at once: a part of the first cache.
enum { CHUNK = 256 };

#define LOOPS "elementwise_lanes.h"
#include "each_width.h"

void dptrain_activate(
    dptrain_activation f, ptrdiff_t lanes, _Bool bf16, dptrain_part values, const void *x, void *y) {
    (lanes == 8 ? activate_avx2 : activate_avx512)(f, bf16, values, x, y);
}

void dptrain_activation_gradient(
    dptrain_activation f, ptrdiff_t lanes, _Bool bf16, dptrain_part values, const void *x, const void *dy, void *dx) {
    (lanes == 8 ? activation_gradient_avx2 : activation_gradient_avx512)(f, bf16, values, x, dy, dx);
}

void dptrain_channel_moments(const dptrain_blocks *s, dptrain_part blocks, const void *x, float *mean, float *variance) {
    (s->lanes == 8 ? moments_avx2 : moments_avx512)(s, blocks, x, mean, variance);
}

void dptrain_normalize(
    const dptrain_normalization *n, dptrain_part blocks, const void *x, const float *mean, const float *variance, void *y) {
    (n->images.lanes == 8 ? normalize_avx2 : normalize_avx512)(n, blocks, x, mean, variance, y);
}

void dptrain_normalization_gradient(
    const dptrain_normalization *n, dptrain_part blocks, const void *x, const void *dy, const float *mean,
    const float *variance, void *dx, float *dgamma, float *dbeta) {
    (n->images.lanes == 8 ? normalization_gradient_avx2 : normalization_gradient_avx512)(
        n, blocks, x, dy, mean, variance, dx, dgamma, dbeta);
}

void dptrain_scale_channels(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const void *factors, void *y) {
    (s->lanes == 8 ? scale_avx2 : scale_avx512)(s, blocks, x, factors, y);
}

void dptrain_scale_channels_gradient(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const void *factors, const void *dy, void *dx,
    void *dfactors) {
    (s->lanes == 8 ? scale_gradient_avx2 : scale_gradient_avx512)(s, blocks, x, factors, dy, dx, dfactors);
}

void dptrain_weigh_channels(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const float *gamma, void *y) {
    (s->lanes == 8 ? weigh_avx2 : weigh_avx512)(s, blocks, x, gamma, y);
}

void dptrain_weigh_channels_gradient(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const float *gamma, const void *dy, void *dx,
    float *dgamma) {
    (s->lanes == 8 ? weigh_gradient_avx2 : weigh_gradient_avx512)(s, blocks, x, gamma, dy, dx, dgamma);
}
