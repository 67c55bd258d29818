/// The loops of grouped.c for blocks of LANES channels: one register a pixel. Included once for each width (each_width.h).

/// Copies `count` pixels, and widens them.
TARGET static void NAMED(copy)(_Bool bf16, const void *images, ptrdiff_t first, ptrdiff_t count, float *to) {
    if (bf16) {
        for (ptrdiff_t i = 0; i < count; i++) *(vector *)(to + i * LANES) = NAMED(pixel_at)(1, images, first + i);
    } else {
        for (ptrdiff_t i = 0; i < count; i++) *(vector *)(to + i * LANES) = NAMED(pixel_at)(0, images, first + i);
    }
}

/// The plane of `height` x `width` pixels that begins at pixel `first` of `images`, with zeros around it.
TARGET static void NAMED(put_into_frame)(
    _Bool bf16, const void *images, ptrdiff_t first, ptrdiff_t height, ptrdiff_t width, frame f, float *to) {
    memset(to, 0, f.above * f.width * LANES * sizeof(float));
    for (ptrdiff_t row = f.above; row < f.above + height; row++) {
        float *line = to + row * f.width * LANES;
        memset(line, 0, f.left * LANES * sizeof(float));
        memset(line + (f.left + width) * LANES, 0, (f.width - f.left - width) * LANES * sizeof(float));
    }
    const ptrdiff_t below = f.above + height;
    memset(to + below * f.width * LANES, 0, (f.height - below) * f.width * LANES * sizeof(float));
    for (ptrdiff_t row = 0; row < height; row++)
        NAMED(copy)(
            bf16, images, first + row * width, width, to + ((f.above + row) * f.width + f.left) * LANES);
}

/// In all lanes of a group its channel `member`.
FIXED vector NAMED(spread)(vector x, const int group, const int member) {
    vector result;
    _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++)
        result[lane] = x[lane / group * group + member];
    return result;
}

/// Adds to `count` results what a run of `columns` taps sees. The first tap sees pixels that are `step` steps of the pace apart for
/// one result and the next. Each channel of a pixel is spread once, for all results that see it; each result sees its
/// pixels in the order of the taps.
FIXED void NAMED(add_run)(
    const float *source, ptrdiff_t pace, const float *weights, ptrdiff_t apart, const int group, const int step,
    const int columns, const int count, vector *sums) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < (count - 1) * step + columns; i++) {
        const vector pixel = NAMED(load)(source + i * pace * LANES);
        _Pragma("clang loop unroll(full)") for (int member = 0; member < group; member++) {
            const vector channel = NAMED(spread)(pixel, group, member);
            _Pragma("clang loop unroll(full)") for (int tap = 0; tap < columns; tap++)
                if (i >= tap && (i - tap) % step == 0 && (i - tap) / step < count)
                    sums[(i - tap) / step] += NAMED(load)(weights + (tap * apart + member) * LANES) * channel;
        }
    }
}

/// Where the results of a row go: the first pixel, and how many bytes behind it the next is.
typedef struct {
    _Bool bf16;
    char *first;
    ptrdiff_t spread;
} NAMED(results);

/// Every `spread`th pixel of `images` from `first` on.
FIXED NAMED(results) NAMED(results_in)(_Bool bf16, void *images, ptrdiff_t first, ptrdiff_t spread) {
    const ptrdiff_t bytes = LANES * (bf16 ? sizeof(uint16_t) : sizeof(float));
    return (NAMED(results)){bf16, (char *)images + first * bytes, spread * bytes};
}

/// `count` results in registers. Where the pace is backwards the last of them comes first.
FIXED void NAMED(strip)(
    const tap_runs *taps, const float *source, ptrdiff_t pace, const float *kernel, vector start, const int group,
    const int step, const int count, _Bool bf16, char *to, ptrdiff_t spread) {
    vector sums[count];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++) sums[i] = start;
    for (ptrdiff_t i = 0; i < taps->count; i++) {
        const tap_run run = taps->runs[i];
        const float *x = source + run.source * LANES, *weights = kernel + run.tap * group * LANES;
        const ptrdiff_t apart = run.apart * group;
        // Runs of depthwise kernels are single taps.
        if (group > 1 && run.columns == 3) {
            NAMED(add_run)(x, pace, weights, apart, group, step, 3, count, sums);
        } else if (group > 1 && run.columns == 2) {
            NAMED(add_run)(x, pace, weights, apart, group, step, 2, count, sums);
        } else {
            NAMED(add_run)(x, pace, weights, apart, group, step, 1, count, sums);
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++, to += spread)
        NAMED(store)(bf16, to, 0, sums[i]);
}

/// A row of results. The widths of images are most often multiples of 7.
FIXED void NAMED(row)(
    const tap_runs *taps, const float *source, ptrdiff_t pace, const float *kernel, vector start, ptrdiff_t width,
    const int group, const int step, const NAMED(results) *to) {
    ptrdiff_t done = 0;
#define STRIPS(count)                                                                                               \
    for (; width - done >= count; done += count) {                                                                  \
        const ptrdiff_t begin = pace < 0 ? done + count - 1 : done;                                                 \
        NAMED(strip)(                                                                                               \
            taps, source + begin * step * (pace < 0 ? -pace : pace) * LANES, pace, kernel, start, group, step,      \
            count, to->bf16, to->first + begin * to->spread, pace < 0 ? -to->spread : to->spread);                  \
    }
    if (group == 1) STRIPS(14)
    STRIPS(7)
    STRIPS(4)
    STRIPS(1)
#undef STRIPS
}

/// With a step and a pace that are constants, loops over registers are none, and offsets are parts of instructions.
#define ROW_OF(group)                                                                                            \
    TARGET static void NAMED(row_of_##group)(                                                                    \
        const tap_runs *taps, const float *source, ptrdiff_t step, ptrdiff_t pace, const float *kernel,          \
        vector start, ptrdiff_t width, const NAMED(results) *to) {                                               \
        if (step == 2) {                                                                                         \
            NAMED(row)(taps, source, 1, kernel, start, width, group, 2, to);                                     \
        } else if (pace == 1) {                                                                                  \
            NAMED(row)(taps, source, 1, kernel, start, width, group, 1, to);                                     \
        } else if (pace == -1) {                                                                                 \
            NAMED(row)(taps, source, -1, kernel, start, width, group, 1, to);                                    \
        } else {                                                                                                 \
            NAMED(row)(taps, source, pace, kernel, start, width, group, 1, to);                                  \
        }                                                                                                        \
    }
ROW_OF(1)
ROW_OF(2)
ROW_OF(4)
#if LANES > 8
ROW_OF(8)
#endif
#undef ROW_OF

TARGET static void NAMED(row_of_group)(
    ptrdiff_t group, const tap_runs *taps, const float *source, ptrdiff_t step, ptrdiff_t pace, const float *kernel,
    vector start, ptrdiff_t width, const NAMED(results) *to) {
    switch (group) {
        case 2: NAMED(row_of_2)(taps, source, step, pace, kernel, start, width, to); break;
        case 4: NAMED(row_of_4)(taps, source, step, pace, kernel, start, width, to); break;
#if LANES > 8
        case 8: NAMED(row_of_8)(taps, source, step, pace, kernel, start, width, to); break;
#endif
        default: NAMED(row_of_1)(taps, source, step, pace, kernel, start, width, to);
    }
}

TARGET static void NAMED(forward)(
    const dptrain_grouped *s, dptrain_part part, const void *x, const float *kernel, const float *bias, void *y,
    float *scratch) {
    const frame f = input_frame(s);
    const ptrdiff_t count = s->kernel_height * s->kernel_width, all = s->group * count;
    // Taps see pixels at a pace of one, where their results are one or two steps apart; at wider strides each is a run of its own.
    const ptrdiff_t step = s->stride_width == 2 ? 2 : 1, pace = s->stride_width / step;
    float *plane = scratch;
    float *behind = plane + f.height * f.width * LANES;
    const float *packed_kernel = packed(s, part, kernel, 0, behind);
    tap_runs taps = {pace, widest_run(s), 0, (tap_run *)(behind + (s->group == 1 ? 0 : s->blocks * all * LANES))};
    for (ptrdiff_t i = 0; i < s->kernel_height; i++)
        for (ptrdiff_t j = 0; j < s->kernel_width; j++)
            add_tap(&taps, i * s->kernel_width + j, i * s->step_height * f.width + j * s->step_width);
    const vector none = {0};
    FOR_PLANES(n, s, part) {
        const ptrdiff_t block = n % s->blocks;
        NAMED(put_into_frame)(
            s->bf16_images, x, n * s->input_height * s->input_width, s->input_height, s->input_width, f, plane);
        for (ptrdiff_t row = 0; row < s->output_height; row++) {
            const NAMED(results) to = NAMED(results_in)(
                s->bf16_images, y, (n * s->output_height + row) * s->output_width, 1);
            NAMED(row_of_group)(
                s->group, &taps, plane + row * s->stride_height * f.width * LANES, step, pace,
                packed_kernel + block * all * LANES, bias ? NAMED(load)(bias + block * LANES) : none,
                s->output_width,
                &to);
        }
    }
}

TARGET static void NAMED(input_gradient)(
    const dptrain_grouped *s, dptrain_part part, const void *dy, const float *kernel, void *dx, float *scratch) {
    const frame f = gradient_frame(s);
    const ptrdiff_t count = s->kernel_height * s->kernel_width, all = s->group * count;
    float *plane = scratch;
    float *behind = plane + f.height * f.width * LANES;
    const float *turned = packed(s, part, kernel, 1, behind);
    tap_runs taps = {s->group == 1 ? 1 : -1, widest_run(s), 0, (tap_run *)(behind + (s->group == 1 ? 0 : s->blocks * all * LANES))};
    const float *origin = plane + (f.above * f.width + f.left) * LANES;
    const vector none = {0};
    FOR_PLANES(n, s, part) {
        NAMED(put_into_frame)(
            s->bf16_images, dy, n * s->output_height * s->output_width, s->output_height, s->output_width, f, plane);
        const float *own = turned + n % s->blocks * all * LANES;
        for (ptrdiff_t top = 0; top < s->stride_height && top < s->input_height; top++)
            for (ptrdiff_t left = 0; left < s->stride_width && left < s->input_width; left++) {
                see_taps(s, top + s->padding_top, left + s->padding_left, f.width, &taps);
                const ptrdiff_t width = (s->input_width - left + s->stride_width - 1) / s->stride_width;
                for (ptrdiff_t row = top; row < s->input_height; row += s->stride_height) {
                    const NAMED(results) to = NAMED(results_in)(
                        s->bf16_images, dx, (n * s->input_height + row) * s->input_width + left, s->stride_width);
                    NAMED(row_of_group)(
                        s->group, &taps, origin + (row - top) / s->stride_height * f.width * LANES, 1,
                        taps.pace, own, none, width, &to);
                }
            }
    }
}

/// Adds to the gradients of `rows` x `columns` taps what a pixel of the output's gradient and the pixels that they see give.
FIXED void NAMED(add_pixel)(
    const float *x, ptrdiff_t down, ptrdiff_t across, const float *dy, const int rows, const int columns,
    const int group, vector (*sums)[columns][group]) {
    const vector gradient = NAMED(load)(dy);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++) {
            const vector pixel = NAMED(load)(x + i * down + j * across);
            _Pragma("clang loop unroll(full)") for (int member = 0; member < group; member++)
                sums[i][j][member] += gradient * NAMED(spread)(pixel, group, member);
        }
}

/// Adds what the pixels in a column of the input give with the pixels of the output's gradient, in its row of `width`, that see
/// them by one of `columns` neighbouring taps. `x` and `dy` are at `column`; `isWithin` says that all taps have such a pixel.
FIXED void NAMED(add_column)(
    const float *x, ptrdiff_t down, const float *dy, ptrdiff_t column, ptrdiff_t width, _Bool isWithin,
    const int rows, const int columns, const int group, vector (*sums)[columns][group]) {
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++) {
        const vector pixel = NAMED(load)(x + i * down);
        _Pragma("clang loop unroll(full)") for (int member = 0; member < group; member++) {
            const vector channel = NAMED(spread)(pixel, group, member);
            _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++)
                if (isWithin || (column >= j && column - j < width))
                    sums[i][j][member] += NAMED(load)(dy - j * LANES) * channel;
        }
    }
}

/// Adds to the gradients of `rows` x `columns` taps, whose first sees `x`, what a plane of the output's gradient gives.
FIXED void NAMED(add_taps)(
    const dptrain_grouped *s, const float *x, ptrdiff_t width, const float *dy, const int rows, const int columns,
    const int group, float *dkernel) {
    vector sums[rows][columns][group];
    const vector none = {0};
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++)
            _Pragma("clang loop unroll(full)") for (int member = 0; member < group; member++)
                sums[i][j][member] = none;
    const ptrdiff_t down = s->step_height * width * LANES, across = s->step_width * LANES;
    for (ptrdiff_t row = 0; row < s->output_height; row++) {
        const float *line = x + row * s->stride_height * width * LANES;
        const float *gradients = dy + row * s->output_width * LANES;
        if (columns == 3 && s->stride_width == 1 && s->step_width == 1) {
            for (ptrdiff_t i = 0; i < s->output_width + columns - 1; i++) {
                const _Bool isWithin = i >= columns - 1 && i < s->output_width;
                const float *pixel = line + i * LANES, *gradient = gradients + i * LANES;
                if (isWithin) {
                    NAMED(add_column)(pixel, down, gradient, i, s->output_width, 1, rows, columns, group, sums);
                } else {
                    NAMED(add_column)(pixel, down, gradient, i, s->output_width, 0, rows, columns, group, sums);
                }
            }
        } else {
            for (ptrdiff_t i = 0; i < s->output_width; i++)
                NAMED(add_pixel)(
                    line + i * s->stride_width * LANES, down, across, gradients + i * LANES, rows, columns, group,
                    sums);
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++)
            _Pragma("clang loop unroll(full)") for (int member = 0; member < group; member++)
                *(vector *)(dkernel + ((i * s->kernel_width + j) * group + member) * LANES) += sums[i][j][member];
}

/// How many taps are taken together: each has as many sums in registers as a group has channels.
#define EACH_SIZE(take)                                                                                     \
    take(1, 1, 1) take(3, 1, 1) take(1, 3, 1) take(3, 3, 1) take(1, 5, 1) take(2, 5, 1) take(1, 7, 1)       \
    take(2, 7, 1) take(1, 1, 2) take(3, 1, 2) take(1, 3, 2) take(3, 3, 2) take(1, 1, 4) EACH_WIDE_SIZE(take)
/// AVX2 has too few registers for three columns of groups of four.
#if LANES > 8
#define EACH_WIDE_SIZE(take) take(1, 3, 4) take(1, 1, 8) take(1, 3, 8)
#else
#define EACH_WIDE_SIZE(take) take(3, 1, 4)
#endif
#define NAME_OF_SIZE(rows, columns, group) NAMED(add_##rows##x##columns##_of_##group)
#define FUNCTION(rows, columns, group)                                                               \
    TARGET static void NAME_OF_SIZE(rows, columns, group)(                                           \
        const dptrain_grouped *s, const float *x, ptrdiff_t width, const float *dy, float *dkernel) { \
        NAMED(add_taps)(s, x, width, dy, rows, columns, group, dkernel);                             \
    }
EACH_SIZE(FUNCTION)
#undef FUNCTION
#define SIZE(rows, columns, group) ((rows) * 8 + (columns)) * 16 + (group)
#define CASE(rows, columns, group) \
    case SIZE(rows, columns, group): NAME_OF_SIZE(rows, columns, group)(s, first, width, dy, to); break;

/// All taps of a plane, as many at a time as there are registers for their sums.
TARGET static void NAMED(add_plane)(
    const dptrain_grouped *s, const float *x, ptrdiff_t width, const float *dy, float *dkernel) {
    const _Bool inColumns = LANES == 8 && s->group == 4;
    for (ptrdiff_t j = 0; j < s->kernel_width;) {
        const ptrdiff_t left = least(s->kernel_width - j, s->group == 1 ? 7 : inColumns ? 1 : 3);
        const ptrdiff_t columns = left >= 7 ? 7 : left >= 5 ? 5 : left >= 3 ? 3 : 1;
        const ptrdiff_t highest = columns > 3 ? 2 : s->group <= 2 || inColumns ? 3 : 1;
        for (ptrdiff_t i = 0; i < s->kernel_height;) {
            const ptrdiff_t rows = s->kernel_height - i >= highest ? highest : 1;
            const float *first = x + (i * s->step_height * width + j * s->step_width) * LANES;
            float *to = dkernel + (i * s->kernel_width + j) * s->group * LANES;
            switch (SIZE(rows, columns, s->group)) { EACH_SIZE(CASE) }
            i += rows;
        }
        j += columns;
    }
}
#undef CASE
#undef SIZE
#undef NAME_OF_SIZE
#undef EACH_WIDE_SIZE
#undef EACH_SIZE

TARGET static void NAMED(weight_gradient)(
    const dptrain_grouped *s, dptrain_part part, const void *x, const void *dy, float *dkernel, float *dbias,
    float *scratch) {
    const frame f = input_frame(s);
    const ptrdiff_t pixels = s->output_height * s->output_width;
    const ptrdiff_t all = s->group * s->kernel_height * s->kernel_width;
    float *gradients = scratch, *plane = scratch + pixels * LANES;
    float *sums = s->group == 1 ? dkernel : plane + f.height * f.width * LANES;
    const ptrdiff_t blocks = part.end - part.first;
    memset(sums + part.first * all * LANES, 0, blocks * all * LANES * sizeof(float));
    if (dbias) memset(dbias + part.first * LANES, 0, blocks * LANES * sizeof(float));
    FOR_PLANES(n, s, part) {
        const ptrdiff_t block = n % s->blocks;
        NAMED(put_into_frame)(
            s->bf16_images, x, n * s->input_height * s->input_width, s->input_height, s->input_width, f, plane);
        const float *given = (const float *)dy + n * pixels * LANES;
        if (s->bf16_images) {
            NAMED(copy)(1, dy, n * pixels, pixels, gradients);
            given = gradients;
        }
        NAMED(add_plane)(s, plane, f.width, given, sums + block * all * LANES);
        if (dbias) {
            vector sum = {0};
            for (ptrdiff_t i = 0; i < pixels; i++) sum += NAMED(load)(given + i * LANES);
            *(vector *)(dbias + block * LANES) += sum;
        }
    }
    if (s->group > 1) unpack(s, part, sums, dkernel);
}
