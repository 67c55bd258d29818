#pragma once
#include "few_channels.h"
#include "lanes.h"

/// The columns that taps reach: the image's, and those of zeros on either side.
static inline long reached_width(const dptrain_few_channels *s) {
    return most(s->left + s->input_width, s->output_width - 1 + s->kernel_width);
}

static inline long weight_count(const dptrain_few_channels *s) {
    return s->kernel_height * s->kernel_width * s->input_channels * s->output_channels;
}

/// Floats of a group's input with its columns of zeros; none where there are no such columns.
static inline long widened_count(const dptrain_few_channels *s) {
    const long width = reached_width(s);
    return width == s->input_width ? 0 : s->input_channels * s->input_height * width * s->lanes;
}

/// Group `group` of the input with its columns of zeros, in `copy` where it has any.
const float *dptrain_widened(const dptrain_few_channels *shape, const float *x, long group, float *copy);
