/// Layer normalisation. Blocks of channels of one pixel lie far from each other, so some pixels are taken at once: their sums are
/// registers, and what is read of a block is some lines of the cache.

#include "feature_normalization.h"
#include <math.h>
#include <string.h>

enum { PIXELS = 8 };

#define LOOPS "feature_normalization_lanes.h"
#include "each_width.h"

void dptrain_normalize_features(
    const dptrain_feature_normalization *n, dptrain_part samples, const void *x, void *y) {
    (n->images.lanes == 8 ? normalize_features_avx2 : normalize_features_avx512)(n, samples, x, y);
}

void dptrain_feature_normalization_gradient(
    const dptrain_feature_normalization *n, const void *x, const void *dy, void *dx, float *dgamma, float *dbeta) {
    (n->images.lanes == 8 ? features_gradient_avx2 : features_gradient_avx512)(n, x, dy, dx, dgamma, dbeta);
}

void dptrain_feature_input_gradient(
    const dptrain_feature_normalization *n, dptrain_part samples, const void *x, const void *dy, void *dx, float *moments) {
    (n->images.lanes == 8 ? features_input_gradient_avx2 : features_input_gradient_avx512)(n, samples, x, dy, dx, moments);
}

void dptrain_feature_parameter_gradient(
    const dptrain_feature_normalization *n, dptrain_part blocks, const void *x, const void *dy, const float *moments,
    float *dgamma, float *dbeta) {
    (n->images.lanes == 8 ? features_parameter_gradient_avx2 : features_parameter_gradient_avx512)(
        n, blocks, x, dy, moments, dgamma, dbeta);
}
