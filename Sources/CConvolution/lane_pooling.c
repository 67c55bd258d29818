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
    return planes.first * s->output_height * s->output_width * lanes;
}

/// Whether each pixel is in exactly one window: gradients are then stored where else they are added up.
static bool is_partition(const dptrain_lane_pooling *s) {
    return s->stride_height == s->window_height && s->stride_width == s->window_width
        && s->output_height * s->window_height == s->input_height && s->output_width * s->window_width == s->input_width
        && s->top == 0 && s->left == 0;
}

static void clear(const dptrain_lane_pooling *s, dptrain_part planes, float *dx) {
    const long plane = s->input_height * s->input_width * lanes;
    memset(dx + planes.first * plane, 0, (planes.end - planes.first) * plane * sizeof(float));
}

UNROLLED void put(float *target, __m512 value, bool adds) {
    _mm512_storeu_ps(target, adds ? _mm512_add_ps(_mm512_loadu_ps(target), value) : value);
}

AVX512 void dptrain_max_pooling(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *x, float *y, uint8_t *places
) {
    y += first_value(s, planes);
    if (places) places += first_value(s, planes);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, y += lanes) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            const float *first = x + (strip.start + left) * lanes;
            const long start = strip.rows.first * s->window_width + columns.first;
            __m512 best = _mm512_loadu_ps(first + (strip.rows.first * s->input_width + columns.first) * lanes);
            __m512i place = _mm512_set1_epi32((int)start);
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++) {
                    const __m512 value = _mm512_loadu_ps(first + (r * s->input_width + c) * lanes);
                    // Also where the value is a NaN, which then stays.
                    const __mmask16 numbers = _mm512_cmp_ps_mask(best, best, _CMP_ORD_Q);
                    const __mmask16 wins = _mm512_mask_cmp_ps_mask(numbers, value, best, _CMP_NLE_UQ);
                    best = _mm512_mask_mov_ps(best, wins, value);
                    place = _mm512_mask_mov_epi32(place, wins, _mm512_set1_epi32((int)(r * s->window_width + c)));
                }
            _mm512_storeu_ps(y, best);
            if (places) {
                _mm_storeu_si128((__m128i *)places, _mm512_cvtepi32_epi8(place));
                places += lanes;
            }
        }
    }
}

AVX512 void dptrain_max_pooling_gradient(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *dy, const uint8_t *places, float *dx
) {
    dy += first_value(s, planes);
    places += first_value(s, planes);
    const bool adds = !is_partition(s);
    if (adds) clear(s, planes, dx);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, dy += lanes, places += lanes) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            float *first = dx + (strip.start + left) * lanes;
            const __m512 gradient = _mm512_loadu_ps(dy);
            const __m512i place = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)places));
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++) {
                    const __m512i here = _mm512_set1_epi32((int)(r * s->window_width + c));
                    const __mmask16 won = _mm512_cmpeq_epi32_mask(place, here);
                    put(first + (r * s->input_width + c) * lanes, _mm512_maskz_mov_ps(won, gradient), adds);
                }
        }
    }
}

/// One by the number of pixels in a window.
static inline float share(window_range rows, window_range columns) {
    return 1.0f / (float)((rows.end - rows.first) * (columns.end - columns.first));
}

AVX512 void dptrain_average_pooling(const dptrain_lane_pooling *s, dptrain_part planes, const float *x, float *y) {
    y += first_value(s, planes);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, y += lanes) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            const float *first = x + (strip.start + left) * lanes;
            __m512 sum = _mm512_setzero_ps();
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++)
                    sum = _mm512_add_ps(sum, _mm512_loadu_ps(first + (r * s->input_width + c) * lanes));
            _mm512_storeu_ps(y, _mm512_mul_ps(sum, _mm512_set1_ps(share(strip.rows, columns))));
        }
    }
}

AVX512 void dptrain_average_pooling_gradient(
    const dptrain_lane_pooling *s, dptrain_part planes, const float *dy, float *dx
) {
    dy += first_value(s, planes);
    const bool adds = !is_partition(s);
    if (adds) clear(s, planes, dx);
    for (long n = planes.first * s->output_height; n < planes.end * s->output_height; n++) {
        const strip strip = strip_at(s, n);
        for (long column = 0; column < s->output_width; column++, dy += lanes) {
            const long left = column * s->stride_width - s->left;
            const window_range columns = inside(left, s->window_width, s->input_width);
            float *first = dx + (strip.start + left) * lanes;
            const __m512 gradient = _mm512_mul_ps(_mm512_loadu_ps(dy), _mm512_set1_ps(share(strip.rows, columns)));
            for (long r = strip.rows.first; r < strip.rows.end; r++)
                for (long c = columns.first; c < columns.end; c++)
                    put(first + (r * s->input_width + c) * lanes, gradient, adds);
        }
    }
}
