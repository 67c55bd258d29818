/// Convolutions in narrow groups. A plane, one block of a sample's channels, is first copied into scratch memory with zeros around
/// it, where the second cache holds it. The loops over its pixels then have no borders, and images in bf16 are widened on the way.
///
/// Each channel of a group is spread over all lanes of the group. Then every tap is one product for all lanes and that channel, as
/// a tap of a depthwise convolution is. A pixel is spread in registers, once for all neighbouring results that see it.
///
/// The gradient of the input is taken apart by the remainders of rows and columns by the strides: the pixels of one remainder see
/// the same taps of the kernel, at neighbouring pixels of the output's gradient.

#include "grouped.h"
#include <string.h>

/// A plane with zeros around it.
typedef struct {
    ptrdiff_t above, left;
    ptrdiff_t height, width;
} frame;

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
static ptrdiff_t most(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }

/// What the kernel sees of the input along one axis: `before` the image, and from there to the last pixel in all.
static ptrdiff_t seen(ptrdiff_t outputs, ptrdiff_t stride, ptrdiff_t kernel, ptrdiff_t step, ptrdiff_t before, ptrdiff_t image) {
    return most((outputs - 1) * stride + (kernel - 1) * step + 1, before + image);
}

static frame input_frame(const dptrain_grouped *s) {
    return (frame){
        s->padding_top, s->padding_left,
        seen(s->output_height, s->stride_height, s->kernel_height, s->step_height, s->padding_top, s->input_height),
        seen(s->output_width, s->stride_width, s->kernel_width, s->step_width, s->padding_left, s->input_width)};
}

/// Pixels of the output's gradient before its first that the input's first pixels see.
static ptrdiff_t gradient_before(ptrdiff_t kernel, ptrdiff_t step, ptrdiff_t padding, ptrdiff_t stride) {
    return most(0, ((kernel - 1) * step - padding + stride - 1) / stride);
}

static frame gradient_frame(const dptrain_grouped *s) {
    const ptrdiff_t above = gradient_before(s->kernel_height, s->step_height, s->padding_top, s->stride_height);
    const ptrdiff_t left = gradient_before(s->kernel_width, s->step_width, s->padding_left, s->stride_width);
    const ptrdiff_t last_row = (s->input_height - 1 + s->padding_top) / s->stride_height;
    const ptrdiff_t last_column = (s->input_width - 1 + s->padding_left) / s->stride_width;
    return (frame){
        above, left, above + most(last_row + 1, s->output_height), left + most(last_column + 1, s->output_width)};
}

/// Taps of which each sees the next pixel: that of tap `tap` is `source` pixels behind that of the first result. From one tap to
/// the next are `apart` taps of the kernel.
typedef struct {
    ptrdiff_t tap, apart;
    ptrdiff_t source;
    ptrdiff_t columns;
} tap_run;

/// Taps in the order in which a result sees them. At a pace of -1 the next pixel is the one before. Runs have up to `widest` taps.
typedef struct {
    ptrdiff_t pace, widest;
    ptrdiff_t count;
    tap_run *runs;
} tap_runs;

/// A depthwise kernel gains nothing from runs: there is nothing to spread.
static ptrdiff_t widest_run(const dptrain_grouped *s) { return s->group == 1 ? 1 : 3; }

static void add_tap(tap_runs *taps, ptrdiff_t tap, ptrdiff_t source) {
    tap_run *last = taps->runs + taps->count - 1;
    if (taps->count > 0 && last->columns < taps->widest && source == last->source + last->columns * taps->pace
        && (last->columns == 1 || tap == last->tap + last->columns * last->apart)) {
        last->apart = (tap - last->tap) / last->columns;
        last->columns++;
    } else {
        taps->runs[taps->count++] = (tap_run){tap, 0, source, 1};
    }
}

/// The taps that a pixel of the input is seen by: those of the kernel's rows and columns that lie a multiple of the stride before
/// it. `row` and `column` count from the padding on. Sources are relative to the pixel of the output in which the row and the
/// column of the input lie, by their quotients, in rows of `width`.
static void see_taps(const dptrain_grouped *s, ptrdiff_t row, ptrdiff_t column, ptrdiff_t width, tap_runs *taps) {
    taps->count = 0;
    for (ptrdiff_t i = 0; i < s->kernel_height; i++) {
        const ptrdiff_t y = row - i * s->step_height;
        if (y % s->stride_height) continue;
        for (ptrdiff_t j = 0; j < s->kernel_width; j++) {
            const ptrdiff_t x = column - j * s->step_width;
            if (x % s->stride_width) continue;
            add_tap(taps, i * s->kernel_width + j, y / s->stride_height * width + x / s->stride_width);
        }
    }
}

ptrdiff_t dptrain_grouped_scratch(const dptrain_grouped *s) {
    const frame input = input_frame(s), gradient = gradient_frame(s);
    const ptrdiff_t image = most(input.height * input.width, gradient.height * gradient.width);
    // The weight gradient also widens the output's gradient, and the other passes list taps.
    const ptrdiff_t output = s->output_height * s->output_width, taps = s->kernel_height * s->kernel_width;
    const ptrdiff_t kernel = s->group == 1 ? 0 : s->blocks * taps * s->group * s->lanes;
    return (image + output) * s->lanes + kernel + taps * (ptrdiff_t)(sizeof(tap_run) / sizeof(float));
}

/// Where the weight of a tap, from a channel of its group to a filter, lies in Keras's kernel.
static ptrdiff_t place(const dptrain_grouped *s, ptrdiff_t tap, ptrdiff_t channel, ptrdiff_t filter) {
    return (tap * s->group + channel) * s->blocks * s->lanes + filter;
}

/// The kernel as the loops read it, [blocks, kernel height, kernel width, channels of a group, lanes]: the kernel itself where a
/// group is one channel. Only some blocks are packed. Lanes are filters; where it is `turned`, they are a group's channels, and its
/// filters are in their place.
static const float *packed(const dptrain_grouped *s, dptrain_part part, const float *kernel, _Bool turned, float *to) {
    if (s->group == 1) return kernel;
    const ptrdiff_t taps = s->kernel_height * s->kernel_width;
    float *next = to + part.first * taps * s->group * s->lanes;
    for (ptrdiff_t block = part.first; block < part.end; block++)
        for (ptrdiff_t tap = 0; tap < taps; tap++)
            for (ptrdiff_t member = 0; member < s->group; member++)
                for (ptrdiff_t lane = 0; lane < s->lanes; lane++) {
                    const ptrdiff_t own = lane % s->group, filter = block * s->lanes + lane;
                    *next++ = turned ? kernel[place(s, tap, own, filter - own + member)] : kernel[place(s, tap, member, filter)];
                }
    return to;
}

static void unpack(const dptrain_grouped *s, dptrain_part part, const float *from, float *kernel) {
    const ptrdiff_t taps = s->kernel_height * s->kernel_width;
    from += part.first * taps * s->group * s->lanes;
    for (ptrdiff_t block = part.first; block < part.end; block++)
        for (ptrdiff_t tap = 0; tap < taps; tap++)
            for (ptrdiff_t member = 0; member < s->group; member++, from += s->lanes)
                memcpy(kernel + place(s, tap, member, block * s->lanes), from, s->lanes * sizeof(float));
}

#define LOOPS "grouped_lanes.h"
#include "each_width.h"

void dptrain_grouped_forward(
    const dptrain_grouped *s, dptrain_part blocks, const void *x, const float *kernel, const float *bias, void *y,
    float *scratch) {
    (s->lanes == 8 ? forward_avx2 : forward_avx512)(s, blocks, x, kernel, bias, y, scratch);
}

void dptrain_grouped_input_gradient(
    const dptrain_grouped *s, dptrain_part blocks, const void *dy, const float *kernel, void *dx, float *scratch) {
    (s->lanes == 8 ? input_gradient_avx2 : input_gradient_avx512)(s, blocks, dy, kernel, dx, scratch);
}

void dptrain_grouped_weight_gradient(
    const dptrain_grouped *s, dptrain_part blocks, const void *x, const void *dy, float *dkernel, float *dbias,
    float *scratch) {
    (s->lanes == 8 ? weight_gradient_avx2 : weight_gradient_avx512)(s, blocks, x, dy, dkernel, dbias, scratch);
}
