/// The loops of elementwise.c for registers of LANES floats. Included once for each width (each_width.h).

#include "exponential_lanes.h"

FIXED vector NAMED(square_root)(vector x) { return __builtin_elementwise_sqrt(x); }

FIXED vector NAMED(logistic)(vector x) { return 1.0f / (1.0f + NAMED(exponential)(-x)); }

/// Φ(x) within 2e-7 (Abramowitz and Stegun, 7.1.26), with exp(-x² / 2), of which it is made.
FIXED vector NAMED(distribution)(vector x, vector bell) {
    const vector size = NAMED(floats)(NAMED(bits)(x) & 0x7FFFFFFF) * 0.70710678f;
    const vector t = 1.0f / (1.0f + 0.3275911f * size);
    vector p = NAMED(all)(1.061405429f);
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const vector tail = 0.5f * p * t * bell;
    return NAMED(pick)((words)(x < 0.0f), tail, 1.0f - tail);
}

FIXED vector NAMED(value)(const dptrain_function f, float bound, vector x) {
    const vector zero = {0};
    switch (f) {
        case dptrain_bounded_relu: {
            const vector bounds = NAMED(all)(bound);
            return NAMED(pick)((words)(x < zero), zero, NAMED(pick)((words)(x > bounds), bounds, x));
        }
        case dptrain_silu: return x * NAMED(logistic)(x);
        case dptrain_hard_silu: {
            const vector gate = x * (1.0f / 6) + 0.5f;
            return NAMED(pick)((words)(x <= -3.0f), zero, NAMED(pick)((words)(x >= 3.0f), x, x * gate));
        }
        case dptrain_gelu: return x * NAMED(distribution)(x, NAMED(exponential)(-0.5f * x * x));
    }
}

FIXED vector NAMED(slope)(const dptrain_function f, float bound, vector x) {
    const vector zero = {0}, one = zero + 1.0f;
    switch (f) {
        case dptrain_bounded_relu:
            return NAMED(floats)(NAMED(bits)(one) & (words)(x > zero) & (words)(x < NAMED(all)(bound)));
        case dptrain_silu: {
            const vector gate = NAMED(logistic)(x);
            return gate * (1.0f + x * (1.0f - gate));
        }
        case dptrain_hard_silu:
            return NAMED(pick)(
                (words)(x <= -3.0f), zero, NAMED(pick)((words)(x >= 3.0f), one, x * (1.0f / 3) + 0.5f));
        case dptrain_gelu: {
            const vector bell = NAMED(exponential)(-0.5f * x * x);
            return NAMED(distribution)(x, bell) + x * 0.39894228f * bell;
        }
    }
}

/// Calls `body(f)` with the function as a constant, so that loops are compiled for each.
#define FOR_FUNCTION(function, body)                                       \
    switch (function) {                                                    \
        case dptrain_bounded_relu: body(dptrain_bounded_relu); break;      \
        case dptrain_silu: body(dptrain_silu); break;                      \
        case dptrain_hard_silu: body(dptrain_hard_silu); break;            \
        case dptrain_gelu: body(dptrain_gelu); break;                      \
    }

/// What is left behind the last whole register of `count` values, with zeros behind it.
FIXED vector NAMED(rest)(_Bool bf16, const void *x, ptrdiff_t count) {
    const ptrdiff_t size = bf16 ? sizeof(uint16_t) : sizeof(float), left = count % LANES;
    char values[LANES * sizeof(float)] = {0};
    memcpy(values, (const char *)x + (count - left) * size, left * size);
    return NAMED(pixel_at)(bf16, values, 0);
}

FIXED void NAMED(store_rest)(_Bool bf16, void *y, ptrdiff_t count, vector value) {
    const ptrdiff_t size = bf16 ? sizeof(uint16_t) : sizeof(float), left = count % LANES;
    char values[LANES * sizeof(float)];
    NAMED(store)(bf16, values, 0, value);
    memcpy((char *)y + (count - left) * size, values, left * size);
}

FIXED void NAMED(activate_by)(
    const dptrain_function f, const _Bool bf16, float bound, dptrain_part values, const void *x, void *y) {
    for (ptrdiff_t i = values.first / LANES; i < values.end / LANES; i++)
        NAMED(store)(bf16, y, i, NAMED(value)(f, bound, NAMED(pixel_at)(bf16, x, i)));
    NAMED(store_rest)(bf16, y, values.end, NAMED(value)(f, bound, NAMED(rest)(bf16, x, values.end)));
}

TARGET static void NAMED(activate)(dptrain_activation f, _Bool bf16, dptrain_part values, const void *x, void *y) {
#define BODY(function)                                              \
    if (bf16) {                                                     \
        NAMED(activate_by)(function, 1, f.bound, values, x, y);     \
    } else {                                                        \
        NAMED(activate_by)(function, 0, f.bound, values, x, y);     \
    }
    FOR_FUNCTION(f.function, BODY)
#undef BODY
}

FIXED void NAMED(activation_gradient_by)(
    const dptrain_function f, const _Bool bf16, float bound, dptrain_part values, const void *x, const void *dy, void *dx) {
    for (ptrdiff_t i = values.first / LANES; i < values.end / LANES; i++)
        NAMED(store)(
            bf16, dx, i, NAMED(pixel_at)(bf16, dy, i) * NAMED(slope)(f, bound, NAMED(pixel_at)(bf16, x, i)));
    NAMED(store_rest)(
        bf16, dx, values.end,
        NAMED(rest)(bf16, dy, values.end) * NAMED(slope)(f, bound, NAMED(rest)(bf16, x, values.end)));
}

TARGET static void NAMED(activation_gradient)(
    dptrain_activation f, _Bool bf16, dptrain_part values, const void *x, const void *dy, void *dx) {
#define BODY(function)                                                       \
    if (bf16) {                                                              \
        NAMED(activation_gradient_by)(function, 1, f.bound, values, x, dy, dx); \
    } else {                                                                 \
        NAMED(activation_gradient_by)(function, 0, f.bound, values, x, dy, dx); \
    }
    FOR_FUNCTION(f.function, BODY)
#undef BODY
}

/// The first pixel of a sample's block.
FIXED ptrdiff_t NAMED(plane)(const dptrain_blocks *s, ptrdiff_t sample, ptrdiff_t block) {
    return (sample * s->blocks + block) * s->pixels;
}

/// Four sums of every fourth pixel run side by side, since an addition takes as long as four begin in.
FIXED vector NAMED(sum_of)(_Bool bf16, const void *x, ptrdiff_t first, ptrdiff_t count) {
    vector a = {0}, b = {0}, c = {0}, d = {0};
    ptrdiff_t i = first;
    for (; i + 4 <= first + count; i += 4) {
        a += NAMED(pixel_at)(bf16, x, i);
        b += NAMED(pixel_at)(bf16, x, i + 1);
        c += NAMED(pixel_at)(bf16, x, i + 2);
        d += NAMED(pixel_at)(bf16, x, i + 3);
    }
    for (; i < first + count; i++) a += NAMED(pixel_at)(bf16, x, i);
    return (a + b) + (c + d);
}

FIXED vector NAMED(squares_of)(_Bool bf16, const void *x, ptrdiff_t first, ptrdiff_t count, vector middle) {
    vector a = {0}, b = {0}, c = {0}, d = {0};
    ptrdiff_t i = first;
    for (; i + 4 <= first + count; i += 4) {
        const vector p = NAMED(pixel_at)(bf16, x, i) - middle, q = NAMED(pixel_at)(bf16, x, i + 1) - middle;
        const vector r = NAMED(pixel_at)(bf16, x, i + 2) - middle, t = NAMED(pixel_at)(bf16, x, i + 3) - middle;
        a += p * p;
        b += q * q;
        c += r * r;
        d += t * t;
    }
    for (; i < first + count; i++) {
        const vector p = NAMED(pixel_at)(bf16, x, i) - middle;
        a += p * p;
    }
    return (a + b) + (c + d);
}

/// Moments of some pixels at a time, put together as in Chan, Golub and LeVeque, "Algorithms for computing the sample
/// variance", 1983.
TARGET static void NAMED(moments)(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, float *mean, float *variance) {
    for (ptrdiff_t block = blocks.first; block < blocks.end; block++) {
        vector means = {0}, squares = {0};
        float before = 0;
        for (ptrdiff_t sample = 0; sample < s->samples; sample++)
            for (ptrdiff_t done = 0; done < s->pixels; done += CHUNK) {
                const ptrdiff_t count = s->pixels - done < CHUNK ? s->pixels - done : CHUNK;
                const ptrdiff_t first = NAMED(plane)(s, sample, block) + done;
                const vector middle = NAMED(sum_of)(s->bf16_images, x, first, count) / (float)count;
                const vector own = NAMED(squares_of)(s->bf16_images, x, first, count, middle);
                const float part = (float)count / (before + (float)count);
                const vector apart = middle - means;
                means += apart * part;
                squares += own + apart * apart * (before * part);
                before += (float)count;
            }
        *(vector *)(mean + block * LANES) = means;
        *(vector *)(variance + block * LANES) = squares / before;
    }
}

/// What a block's channels are shifted and scaled by.
typedef struct {
    vector mean, inverse, gamma, beta;
} NAMED(affine);

FIXED NAMED(affine) NAMED(affine_of)(
    const dptrain_normalization *n, ptrdiff_t block, const float *mean, const float *variance) {
    const ptrdiff_t first = block * LANES;
    const vector none = {0};
    return (NAMED(affine)){
        NAMED(load)(mean + first), 1.0f / NAMED(square_root)(NAMED(load)(variance + first) + n->epsilon),
        n->gamma ? NAMED(load)(n->gamma + first) : none + 1.0f, n->beta ? NAMED(load)(n->beta + first) : none};
}

FIXED void NAMED(normalize_by)(
    const dptrain_function f, const _Bool bf16, const dptrain_normalization *n, dptrain_part blocks, const void *x,
    const float *mean, const float *variance, void *y) {
    const dptrain_blocks *s = &n->images;
    for (ptrdiff_t sample = 0; sample < s->samples; sample++)
        for (ptrdiff_t block = blocks.first; block < blocks.end; block++) {
            const NAMED(affine) a = NAMED(affine_of)(n, block, mean, variance);
            const vector factor = a.inverse * a.gamma;
            const ptrdiff_t first = NAMED(plane)(s, sample, block);
            for (ptrdiff_t i = first; i < first + s->pixels; i++) {
                const vector z = (NAMED(pixel_at)(bf16, x, i) - a.mean) * factor + a.beta;
                NAMED(store)(bf16, y, i, NAMED(value)(f, n->activation.bound, z));
            }
        }
}

TARGET static void NAMED(normalize)(
    const dptrain_normalization *n, dptrain_part blocks, const void *x, const float *mean, const float *variance, void *y) {
#define BODY(function)                                                  \
    if (n->images.bf16_images) {                                        \
        NAMED(normalize_by)(function, 1, n, blocks, x, mean, variance, y); \
    } else {                                                            \
        NAMED(normalize_by)(function, 0, n, blocks, x, mean, variance, y); \
    }
    FOR_FUNCTION(n->activation.function, BODY)
#undef BODY
}

/// With x̂ = (x - mean) / deviation, g = dy f'(gamma x̂ + beta) and N values a channel: dgamma = Σ g x̂, dbeta = Σ g, and
/// dx = gamma (g - dbeta / N - x̂ dgamma / N) / deviation. g is computed twice, which is less than to store it.
FIXED void NAMED(normalization_gradient_by)(
    const dptrain_function f, const _Bool bf16, const dptrain_normalization *n, dptrain_part blocks, const void *x,
    const void *dy, const float *mean, const float *variance, void *dx, float *dgamma, float *dbeta) {
    const dptrain_blocks *s = &n->images;
    const float bound = n->activation.bound, share = 1.0f / (float)(s->samples * s->pixels);
    for (ptrdiff_t block = blocks.first; block < blocks.end; block++) {
        const NAMED(affine) a = NAMED(affine_of)(n, block, mean, variance);
        vector gradients = {0}, products = {0};
        for (ptrdiff_t sample = 0; sample < s->samples; sample++) {
            const ptrdiff_t first = NAMED(plane)(s, sample, block);
            vector sum = {0}, product = {0};
            for (ptrdiff_t i = first; i < first + s->pixels; i++) {
                const vector normal = (NAMED(pixel_at)(bf16, x, i) - a.mean) * a.inverse;
                const vector g =
                    NAMED(pixel_at)(bf16, dy, i) * NAMED(slope)(f, bound, normal * a.gamma + a.beta);
                sum += g;
                product += g * normal;
            }
            gradients += sum;
            products += product;
        }
        *(vector *)(dbeta + block * LANES) = gradients;
        *(vector *)(dgamma + block * LANES) = products;
        const vector factor = a.gamma * a.inverse, shift = gradients * share, along = products * share;
        for (ptrdiff_t sample = 0; sample < s->samples; sample++) {
            const ptrdiff_t first = NAMED(plane)(s, sample, block);
            for (ptrdiff_t i = first; i < first + s->pixels; i++) {
                const vector normal = (NAMED(pixel_at)(bf16, x, i) - a.mean) * a.inverse;
                const vector g =
                    NAMED(pixel_at)(bf16, dy, i) * NAMED(slope)(f, bound, normal * a.gamma + a.beta);
                NAMED(store)(bf16, dx, i, factor * (g - shift - normal * along));
            }
        }
    }
}

TARGET static void NAMED(normalization_gradient)(
    const dptrain_normalization *n, dptrain_part blocks, const void *x, const void *dy, const float *mean,
    const float *variance, void *dx, float *dgamma, float *dbeta) {
#define BODY(function)                                                                                            \
    if (n->images.bf16_images) {                                                                                  \
        NAMED(normalization_gradient_by)(function, 1, n, blocks, x, dy, mean, variance, dx, dgamma, dbeta);               \
    } else {                                                                                                      \
        NAMED(normalization_gradient_by)(function, 0, n, blocks, x, dy, mean, variance, dx, dgamma, dbeta);               \
    }
    FOR_FUNCTION(n->activation.function, BODY)
#undef BODY
}

#undef FOR_FUNCTION

/// Plane `plane` of y is that of x, times a factor for each channel.
FIXED void NAMED(scale_plane)(const dptrain_blocks *s, ptrdiff_t plane, const void *x, vector factor, void *y) {
    for (ptrdiff_t i = plane * s->pixels; i < (plane + 1) * s->pixels; i++)
        NAMED(store)(s->bf16_images, y, i, NAMED(pixel_at)(s->bf16_images, x, i) * factor);
}

/// The gradient of a plane of x, unless `dx` is null, and what the plane gives that of the factor, if it `wants` it.
FIXED vector NAMED(scale_plane_gradient)(
    const dptrain_blocks *s, ptrdiff_t plane, const void *x, vector factor, const void *dy, void *dx, _Bool wants) {
    const ptrdiff_t first = plane * s->pixels;
    vector sum = {0};
    for (ptrdiff_t i = first; i < first + s->pixels; i++) {
        const vector gradient = NAMED(pixel_at)(s->bf16_images, dy, i);
        if (wants) sum += gradient * NAMED(pixel_at)(s->bf16_images, x, i);
        if (dx) NAMED(store)(s->bf16_images, dx, i, gradient * factor);
    }
    return sum;
}

TARGET static void NAMED(scale)(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const void *factors, void *y) {
    FOR_PLANES(plane, s, blocks) NAMED(scale_plane)(s, plane, x, NAMED(pixel_at)(s->bf16_images, factors, plane), y);
}

TARGET static void NAMED(scale_gradient)(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const void *factors, const void *dy, void *dx,
    void *dfactors) {
    FOR_PLANES(plane, s, blocks) {
        const vector factor = NAMED(pixel_at)(s->bf16_images, factors, plane);
        const vector sum = NAMED(scale_plane_gradient)(s, plane, x, factor, dy, dx, dfactors != NULL);
        if (dfactors) NAMED(store)(s->bf16_images, dfactors, plane, sum);
    }
}

TARGET static void NAMED(weigh)(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const float *gamma, void *y) {
    FOR_PLANES(plane, s, blocks) NAMED(scale_plane)(s, plane, x, NAMED(load)(gamma + plane % s->blocks * LANES), y);
}

TARGET static void NAMED(weigh_gradient)(
    const dptrain_blocks *s, dptrain_part blocks, const void *x, const float *gamma, const void *dy, void *dx,
    float *dgamma) {
    for (ptrdiff_t block = blocks.first; block < blocks.end; block++) {
        const vector factor = NAMED(load)(gamma + block * LANES);
        vector total = {0};
        for (ptrdiff_t sample = 0; sample < s->samples; sample++)
            total += NAMED(scale_plane_gradient)(s, sample * s->blocks + block, x, factor, dy, dx, 1);
        *(vector *)(dgamma + block * LANES) = total;
    }
}
