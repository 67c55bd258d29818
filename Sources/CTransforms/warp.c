#include "CTransforms.h"
#include <math.h>
#include <string.h>

/// A place beyond this is as far outside as any image can be.
static const double farthest = 1 << 30;

static double clamped(double place) { return place < -farthest ? -farthest : place > farthest ? farthest : place; }

/// Brings a place inside 0...count - 1 where the fill mode wraps. Other modes leave it to `dptrain_inside`.
static double wrapped(double place, ptrdiff_t count) {
    const double period = count - 1;
    if (period < 1) return 0;
    const double rest = fmod(place, period);
    return place < 0 ? rest + period : place > period ? rest : place;
}

ptrdiff_t dptrain_inside(ptrdiff_t place, ptrdiff_t count, dptrain_fill fill) {
    if (place >= 0 && place < count) return place;
    if (fill != dptrain_fill_reflect && fill != dptrain_fill_mirror) return place < 0 ? 0 : count - 1;
    if (count == 1) return 0;
    const ptrdiff_t once = fill == dptrain_fill_mirror, period = 2 * (count - once);
    const ptrdiff_t rest = ((place % period) + period) % period;
    return rest < count ? rest : period - 1 + once - rest;
}

/// The four pixels around a place, and the weight of the later ones in 2,048ths.
typedef struct {
    ptrdiff_t upper_left, upper_right, lower_left, lower_right;
    uint32_t right, lower;
} corners;

enum { weight_bits = 11, one = 1 << weight_bits };

/// False for a place that gets the constant value.
static inline _Bool find(corners *found, dptrain_image image, double x, double y, dptrain_fill fill) {
    const ptrdiff_t width = image.width, height = image.height;
    if (fill == dptrain_fill_wrap) {
        x = wrapped(x, width);
        y = wrapped(y, height);
    }
    // A place that misses the border by less than weights can tell lies on it.
    static const double slack = 0.5 / one;
    if (fill == dptrain_fill_constant
        && (x < -slack || y < -slack || x > (double)(width - 1) + slack || y > (double)(height - 1) + slack))
        return 0;
    x += slack;
    y += slack;
    ptrdiff_t column = (ptrdiff_t)x, row = (ptrdiff_t)y;
    column -= (double)column > x;
    row -= (double)row > y;
    found->right = (uint32_t)((x - (double)column) * one);
    found->lower = (uint32_t)((y - (double)row) * one);
    ptrdiff_t next = column + 1, below = row + 1;
    if (column < 0 || row < 0 || next >= width || below >= height) {
        column = dptrain_inside(column, width, fill);
        next = dptrain_inside(next, width, fill);
        row = dptrain_inside(row, height, fill);
        below = dptrain_inside(below, height, fill);
    }
    const ptrdiff_t channels = image.channels;
    found->upper_left = (row * width + column) * channels;
    found->upper_right = (row * width + next) * channels;
    found->lower_left = (below * width + column) * channels;
    found->lower_right = (below * width + next) * channels;
    return 1;
}

static inline uint8_t mean_byte(const uint8_t *input, const corners *at) {
    const uint32_t upper = input[at->upper_left] * (one - at->right) + input[at->upper_right] * at->right;
    const uint32_t lower = input[at->lower_left] * (one - at->right) + input[at->lower_right] * at->right;
    const uint32_t sum = upper * (one - at->lower) + lower * at->lower;
    return (uint8_t)((sum + (1u << (2 * weight_bits - 1))) >> (2 * weight_bits));
}

static inline float mean_float(const float *input, const corners *at) {
    const float right = (float)at->right / one, down = (float)at->lower / one;
    const float upper = input[at->upper_left] * (1 - right) + input[at->upper_right] * right;
    const float lower = input[at->lower_left] * (1 - right) + input[at->lower_right] * right;
    return upper * (1 - down) + lower * down;
}

#define WARP(name, element, mean)                                                                                      \
    static inline __attribute__((always_inline)) void name##_of(                                                      \
        dptrain_image image, const element *input, const dptrain_affine *a, dptrain_fill fill, element value,         \
        element *output) {                                                                                             \
        for (ptrdiff_t row = 0; row < image.height; row++) {                                                           \
            const double x0 = a->xy * (double)row + a->x0, y0 = a->yy * (double)row + a->y0;                           \
            for (ptrdiff_t column = 0; column < image.width; column++) {                                               \
                const double x = clamped(a->xx * (double)column + x0), y = clamped(a->yx * (double)column + y0);       \
                corners at;                                                                                            \
                const _Bool is_found = find(&at, image, x, y, fill);                                                   \
                for (ptrdiff_t c = 0; c < image.channels; c++)                                                         \
                    output[c] = is_found ? mean(input + c, &at) : value;                                               \
                output += image.channels;                                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    void name(                                                                                                         \
        dptrain_image image, const element *input, const dptrain_affine *affine, dptrain_fill fill, element value,    \
        element *output) {                                                                                             \
        switch (image.channels) {                                                                                      \
        case 1: name##_of((dptrain_image){image.height, image.width, 1}, input, affine, fill, value, output); break;   \
        case 3: name##_of((dptrain_image){image.height, image.width, 3}, input, affine, fill, value, output); break;   \
        default: name##_of(image, input, affine, fill, value, output);                                                 \
        }                                                                                                              \
    }

WARP(dptrain_warp_bytes, uint8_t, mean_byte)
WARP(dptrain_warp_floats, float, mean_float)

static int64_t fixed(double value) { return (int64_t)floor(clamped(value) * 65536 + 0.5); }

static inline __attribute__((always_inline)) void warp_nearest(
    dptrain_image image, const uint8_t *input, const dptrain_affine *a, uint8_t value, uint8_t *output) {
    const int64_t xx = fixed(a->xx), xy = fixed(a->xy), x0 = fixed(a->x0 + 0.5);
    const int64_t yx = fixed(a->yx), yy = fixed(a->yy), y0 = fixed(a->y0 + 0.5);
    for (ptrdiff_t row = 0; row < image.height; row++) {
        int64_t x = x0 + xy * row, y = y0 + yy * row;
        for (ptrdiff_t column = 0; column < image.width; column++, x += xx, y += yx, output += image.channels) {
            const int64_t from_x = x >> 16, from_y = y >> 16;
            if (from_x >= 0 && from_x < image.width && from_y >= 0 && from_y < image.height) {
                const uint8_t *pixel = input + (from_y * image.width + from_x) * image.channels;
                for (ptrdiff_t c = 0; c < image.channels; c++) output[c] = pixel[c];
            } else
                for (ptrdiff_t c = 0; c < image.channels; c++) output[c] = value;
        }
    }
}

void dptrain_warp_nearest(
    dptrain_image image, const uint8_t *input, const dptrain_affine *affine, uint8_t value, uint8_t *output) {
    if (image.channels == 3)
        warp_nearest((dptrain_image){image.height, image.width, 3}, input, affine, value, output);
    else
        warp_nearest(image, input, affine, value, output);
}

static inline __attribute__((always_inline)) void mirror(
    const uint8_t *input, ptrdiff_t height, ptrdiff_t width, ptrdiff_t bytes, uint8_t *output) {
    for (ptrdiff_t row = 0; row < height; row++) {
        const uint8_t *first = input + row * width * bytes;
        uint8_t *last = output + (row + 1) * width * bytes - bytes;
        for (ptrdiff_t column = 0; column < width; column++)
            for (ptrdiff_t i = 0; i < bytes; i++) last[i - column * bytes] = first[column * bytes + i];
    }
}

void dptrain_mirror(const uint8_t *input, ptrdiff_t height, ptrdiff_t width, ptrdiff_t bytes, uint8_t *output) {
    switch (bytes) {
    case 1: mirror(input, height, width, 1, output); break;
    case 3: mirror(input, height, width, 3, output); break;
    case 4: mirror(input, height, width, 4, output); break;
    case 12: mirror(input, height, width, 12, output); break;
    default: mirror(input, height, width, bytes, output);
    }
}

static double between(double a, double b, double part) { return a + (b - a) * part; }

/// The cubic of Keys with a = -1 through four values, between the middle ones.
static double cubic(const double *v, double d) {
    const double p1 = v[1], p2 = -v[0] + v[2], p3 = 2 * (v[0] - v[1]) + v[2] - v[3], p4 = -v[0] + v[1] - v[2] + v[3];
    return p1 + d * (p2 + d * (p3 + d * p4));
}

/// One value at a place between pixels; the border goes on beyond the image.
static uint8_t smooth_value(
    const uint8_t *input, dptrain_image image, ptrdiff_t column, ptrdiff_t row, double dx, double dy, _Bool is_cubic) {
    const ptrdiff_t reach = is_cubic ? 4 : 2, first = is_cubic ? -1 : 0;
    double columns[4];
    for (ptrdiff_t j = 0; j < reach; j++) {
        const ptrdiff_t y = dptrain_inside(row + first + j, image.height, dptrain_fill_nearest);
        double values[4];
        for (ptrdiff_t i = 0; i < reach; i++) {
            const ptrdiff_t x = dptrain_inside(column + first + i, image.width, dptrain_fill_nearest);
            values[i] = input[(y * image.width + x) * image.channels];
        }
        columns[j] = is_cubic ? cubic(values, dx) : between(values[0], values[1], dx);
    }
    const double value = is_cubic ? cubic(columns, dy) : between(columns[0], columns[1], dy);
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
}

void dptrain_warp_smooth(
    dptrain_image image, const uint8_t *input, const dptrain_affine *a, _Bool is_cubic, const uint8_t *color,
    uint8_t *output) {
    const double right = (double)image.width - 0.5, bottom = (double)image.height - 0.5;
    for (ptrdiff_t row = 0; row < image.height; row++) {
        for (ptrdiff_t column = 0; column < image.width; column++, output += image.channels) {
            const double x = a->xx * (double)column + a->xy * (double)row + a->x0;
            const double y = a->yx * (double)column + a->yy * (double)row + a->y0;
            if (!(x >= -0.5 && x < right && y >= -0.5 && y < bottom)) {
                memcpy(output, color, (size_t)image.channels);
                continue;
            }
            const double left = floor(x), top = floor(y);
            for (ptrdiff_t c = 0; c < image.channels; c++)
                output[c] = smooth_value(
                    input + c, image, (ptrdiff_t)left, (ptrdiff_t)top, x - left, y - top, is_cubic);
        }
    }
}
