#include "few_channels.h"
#include "lanes.h"
#include <string.h>

/// The windows of a row of the result: their pixel rows that are in the image, and the pixel (of all planes) at which
/// the row of windows begins, were it not for the margins.
typedef struct {
    window_range rows;
    long start;
} strip;

static inline strip strip_at(const dptrain_lane_pooling *s, long number) {
    const long plane = number / s->output_height, top = number % s->output_height * s->stride_height - s->top;
    return (strip){inside(top, s->window_height, s->input_height), (plane * s->input_height + top) * s->input_width};
}

/// Where the results of some planes begin.
static inline long first_value(const dptrain_lane_pooling *s, dptrain_part planes) {
    return planes.first * s->output_height * s->output_width * s->lanes;
}

/// Whether each pixel is in exactly one window: gradients are then stored where else they are added up.
static bool is_partition(const dptrain_lane_pooling *s) {
    return s->stride_height == s->window_height && s->stride_width == s->window_width
        && s->output_height * s->window_height == s->input_height && s->output_width * s->window_width == s->input_width
        && s->top == 0 && s->left == 0;
}

static void clear(const dptrain_lane_pooling *s, dptrain_part planes, float *dx) {
    const long plane = s->input_height * s->input_width * s->lanes;
    memset(dx + planes.first * plane, 0, (planes.end - planes.first) * plane * sizeof(float));
}

/// One by the number of pixels in a window.
static inline float share(window_range rows, window_range columns) {
    return 1.0f / (float)((rows.end - rows.first) * (columns.end - columns.first));
}

#define LOOPS "lane_pooling_lanes.h"
#include "each_width.h"

void dptrain_max_pooling(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *x, float *y, uint8_t *places
) {
    (s->lanes == 8 ? max_pooling_avx2 : max_pooling_avx512)(s, planes, x, y, places);
}

void dptrain_max_pooling_gradient(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *dy, const uint8_t *places, float *dx
) {
    (s->lanes == 8 ? max_pooling_gradient_avx2 : max_pooling_gradient_avx512)(s, planes, dy, places, dx);
}

void dptrain_average_pooling(const dptrain_lane_pooling *s, dptrain_part planes, const float *x, float *y) {
    (s->lanes == 8 ? average_pooling_avx2 : average_pooling_avx512)(s, planes, x, y);
}

void dptrain_average_pooling_gradient(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *dy, float *dx
) {
    (s->lanes == 8 ? average_pooling_gradient_avx2 : average_pooling_gradient_avx512)(s, planes, dy, dx);
}
