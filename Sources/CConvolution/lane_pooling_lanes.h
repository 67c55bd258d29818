/// The loops of lane_pooling.c for groups of LANES samples, or blocks of LANES channels. Included once for each width (each_width.h).

#include "exponential_lanes.h"

/// A place in a window for each lane.
typedef uint8_t NAMED(bytes) __attribute__((vector_size(LANES), aligned(1)));

FIXED void NAMED(put)(float *target, vector value, bool adds) {
    *(vector *)target = adds ? NAMED(load)(target) + value : value;
}

TARGET static void NAMED(max_pooling)(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *x, float *y, uint8_t *places
) {
    y += first_value(s, planes);
    if (places) places += first_value(s, planes);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, y += LANES) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            const float *first = x + (strip.start + left) * LANES;
            const uint32_t start = strip.rows.first * s->window_width + columns.first;
            vector best = NAMED(load)(first + (strip.rows.first * s->input_width + columns.first) * LANES);
            words place = (words){0} + start;
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++) {
                    const vector value = NAMED(load)(first + (r * s->input_width + c) * LANES);
                    // Also where the value is a NaN, which then stays.
                    const words wins = (words)(best == best) & ~(words)(value <= best);
                    best = NAMED(pick)(wins, value, best);
                    place = (((words){0} + (uint32_t)(r * s->window_width + c)) & wins) | (place & ~wins);
                }
            *(vector *)y = best;
            if (places) {
                *(NAMED(bytes) *)places = __builtin_convertvector(place, NAMED(bytes));
                places += LANES;
            }
        }
    }
}

TARGET static void NAMED(max_pooling_gradient)(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *dy, const uint8_t *places, float *dx
) {
    dy += first_value(s, planes);
    places += first_value(s, planes);
    const bool adds = !is_partition(s);
    if (adds) clear(s, planes, dx);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, dy += LANES, places += LANES) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            float *first = dx + (strip.start + left) * LANES;
            const words gradient = NAMED(bits)(NAMED(load)(dy));
            const words place = __builtin_convertvector(*(const NAMED(bytes) *)places, words);
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++) {
                    const words won = (words)(place == (uint32_t)(r * s->window_width + c));
                    NAMED(put)(first + (r * s->input_width + c) * LANES, NAMED(floats)(gradient & won), adds);
                }
        }
    }
}

TARGET static void NAMED(average_pooling)(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *x, float *y
) {
    y += first_value(s, planes);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, y += LANES) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            const float *first = x + (strip.start + left) * LANES;
            vector sum = {0};
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++)
                    sum += NAMED(load)(first + (r * s->input_width + c) * LANES);
            *(vector *)y = sum * share(strip.rows, columns);
        }
    }
}

TARGET static void NAMED(average_pooling_gradient)(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *dy, float *dx
) {
    dy += first_value(s, planes);
    const bool adds = !is_partition(s);
    if (adds) clear(s, planes, dx);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, dy += LANES) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            float *first = dx + (strip.start + left) * LANES;
            const vector gradient = NAMED(load)(dy) * share(strip.rows, columns);
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++)
                    NAMED(put)(first + (r * s->input_width + c) * LANES, gradient, adds);
        }
    }
}
