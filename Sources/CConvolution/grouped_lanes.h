/// The loops of grouped.c for blocks of LANES channels: one register a pixel. Included once for each width (each_width.h).

/// Copies `count` pixels, and widens them.
FIXED void NAMED(copy)(_Bool bf16, const void *images, ptrdiff_t first, ptrdiff_t count, float *to) {
    for (ptrdiff_t i = 0; i < count; i++) *(vector *)(to + i * LANES) = NAMED(pixel_at)(bf16, images, first + i);
}

/// In all lanes of a group its channel `member`.
FIXED vector NAMED(spread)(vector x, const int group, const int member) {
    vector result;
    _Pragma("clang loop unroll(full)") for (int lane = 0; lane < LANES; lane++)
        result[lane] = x[lane / group * group + member];
    return result;
}

/// Copies `count` pixels to one plane for each member of a group; planes are `apart` floats apart.
FIXED void NAMED(spread_pixels)(
    const int group, _Bool bf16, const void *images, ptrdiff_t first, ptrdiff_t count, ptrdiff_t apart, float *to) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const vector x = NAMED(pixel_at)(bf16, images, first + i);
        _Pragma("clang loop unroll(full)") for (int member = 0; member < group; member++)
            *(vector *)(to + member * apart + i * LANES) = NAMED(spread)(x, group, member);
    }
}

TARGET static void NAMED(put_row)(
    ptrdiff_t group, _Bool bf16, const void *images, ptrdiff_t first, ptrdiff_t count, ptrdiff_t apart, float *to) {
    switch (group) {
        case 2: NAMED(spread_pixels)(2, bf16, images, first, count, apart, to); break;
        case 4: NAMED(spread_pixels)(4, bf16, images, first, count, apart, to); break;
        case 8: NAMED(spread_pixels)(8, bf16, images, first, count, apart, to); break;
        default: NAMED(copy)(bf16, images, first, count, to);
    }
}

/// The plane of `height` x `width` pixels that begins at pixel `first` of `images`, with zeros around it, for each member of a
/// group.
TARGET static void NAMED(put_into_frames)(
    ptrdiff_t group, _Bool bf16, const void *images, ptrdiff_t first, ptrdiff_t height, ptrdiff_t width, frame f,
    float *to) {
    const ptrdiff_t apart = f.height * f.width * LANES;
    for (ptrdiff_t member = 0; member < group; member++) {
        float *plane = to + member * apart;
        memset(plane, 0, f.above * f.width * LANES * sizeof(float));
        for (ptrdiff_t row = f.above; row < f.above + height; row++) {
            float *line = plane + row * f.width * LANES;
            memset(line, 0, f.left * LANES * sizeof(float));
            memset(line + (f.left + width) * LANES, 0, (f.width - f.left - width) * LANES * sizeof(float));
        }
        const ptrdiff_t below = f.above + height;
        memset(plane + below * f.width * LANES, 0, (f.height - below) * f.width * LANES * sizeof(float));
    }
    for (ptrdiff_t row = 0; row < height; row++)
        NAMED(put_row)(
            group, bf16, images, first + row * width, width, apart,
            to + ((f.above + row) * f.width + f.left) * LANES);
}

/// Taps of the kernel: their weights' places in it, and where the first result sees them in the source, both in floats.
typedef struct {
    ptrdiff_t count;
    const ptrdiff_t *weights;
    const ptrdiff_t *sources;
} NAMED(taps);

/// `count` results in registers, from source pixels `step` apart. Results are `spread` pixels apart.
FIXED void NAMED(strip)(
    NAMED(taps) taps, const float *source, const float *kernel, vector start, const int count, const ptrdiff_t step,
    _Bool bf16, void *results, ptrdiff_t first, ptrdiff_t spread) {
    vector sums[count];
    _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++) sums[i] = start;
    for (ptrdiff_t t = 0; t < taps.count; t++) {
        const vector weight = NAMED(load)(kernel + taps.weights[t]);
        const float *x = source + taps.sources[t];
        _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)
            sums[i] += weight * NAMED(load)(x + i * step * LANES);
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)
        NAMED(store)(bf16, results, first + i * spread, sums[i]);
}

/// A row of results. The widths of images are most often multiples of 7.
FIXED void NAMED(row_by_step)(
    NAMED(taps) taps, const float *source, const float *kernel, vector start, ptrdiff_t width, const ptrdiff_t step,
    _Bool bf16, void *results, ptrdiff_t first, ptrdiff_t spread) {
    ptrdiff_t done = 0;
#define STRIPS(count)                                                                                             \
    for (; width - done >= count; done += count)                                                                  \
        NAMED(strip)(                                                                                             \
            taps, source + done * step * LANES, kernel, start, count, step, bf16, results, first + done * spread, \
            spread);
    STRIPS(14)
    STRIPS(7)
    STRIPS(4)
    STRIPS(1)
#undef STRIPS
}

TARGET static void NAMED(row)(
    NAMED(taps) taps, const float *source, const float *kernel, vector start, ptrdiff_t width, ptrdiff_t step, _Bool bf16,
    void *results, ptrdiff_t first, ptrdiff_t spread) {
    // Offsets that are constants are part of the instructions.
    if (step == 1) {
        NAMED(row_by_step)(taps, source, kernel, start, width, 1, bf16, results, first, spread);
    } else if (step == 2) {
        NAMED(row_by_step)(taps, source, kernel, start, width, 2, bf16, results, first, spread);
    } else {
        NAMED(row_by_step)(taps, source, kernel, start, width, step, bf16, results, first, spread);
    }
}

TARGET static void NAMED(forward)(
    const dptrain_grouped *s, dptrain_part part, const void *x, const float *kernel, const float *bias, void *y,
    float *scratch) {
    const frame f = input_frame(s);
    const ptrdiff_t count = s->kernel_height * s->kernel_width, all = s->group * count;
    const ptrdiff_t apart = f.height * f.width * LANES;
    float *planes = scratch;
    ptrdiff_t *weights = (ptrdiff_t *)(planes + s->group * apart), *sources = weights + all;
    const float *packed_kernel = packed(s, part, kernel, 0, (float *)(sources + all));
    for (ptrdiff_t i = 0; i < all; i++) {
        const ptrdiff_t tap = i / s->group, member = i % s->group;
        const ptrdiff_t row = tap / s->kernel_width * s->step_height, column = tap % s->kernel_width * s->step_width;
        weights[i] = (member * count + tap) * LANES;
        sources[i] = member * apart + (row * f.width + column) * LANES;
    }
    const NAMED(taps) taps = {all, weights, sources};
    const vector none = {0};
    FOR_PLANES(n, s, part) {
        const ptrdiff_t block = n % s->blocks;
        NAMED(put_into_frames)(
            s->group, s->bf16_images, x, n * s->input_height * s->input_width, s->input_height, s->input_width, f,
            planes);
        for (ptrdiff_t row = 0; row < s->output_height; row++)
            NAMED(row)(
                taps, planes + row * s->stride_height * f.width * LANES, packed_kernel + block * all * LANES,
                bias ? NAMED(load)(bias + block * LANES) : none, s->output_width, s->stride_width, s->bf16_images, y,
                (n * s->output_height + row) * s->output_width, 1);
    }
}

/// The taps that a pixel of the input is seen by: those of the kernel's rows and columns that lie a multiple of the stride before
/// it. `row` and `column` count from the padding on. Sources are relative to the pixel of the output in which the row and the
/// column of the input lie, by their quotients; planes are `apart` floats apart.
TARGET static NAMED(taps) NAMED(taps_of)(
    const dptrain_grouped *s, ptrdiff_t row, ptrdiff_t column, ptrdiff_t width, ptrdiff_t apart, ptrdiff_t *weights,
    ptrdiff_t *sources) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < s->kernel_height; i++) {
        const ptrdiff_t y = row - i * s->step_height;
        if (y % s->stride_height) continue;
        for (ptrdiff_t j = 0; j < s->kernel_width; j++) {
            const ptrdiff_t x = column - j * s->step_width;
            if (x % s->stride_width) continue;
            for (ptrdiff_t member = 0; member < s->group; member++) {
                weights[count] = ((member * s->kernel_height + i) * s->kernel_width + j) * LANES;
                sources[count] = member * apart + (y / s->stride_height * width + x / s->stride_width) * LANES;
                count++;
            }
        }
    }
    return (NAMED(taps)){count, weights, sources};
}

TARGET static void NAMED(input_gradient)(
    const dptrain_grouped *s, dptrain_part part, const void *dy, const float *kernel, void *dx, float *scratch) {
    const frame f = gradient_frame(s);
    const ptrdiff_t all = s->group * s->kernel_height * s->kernel_width, apart = f.height * f.width * LANES;
    float *planes = scratch;
    ptrdiff_t *weights = (ptrdiff_t *)(planes + s->group * apart), *sources = weights + all;
    const float *turned = packed(s, part, kernel, 1, (float *)(sources + all));
    const float *origin = planes + (f.above * f.width + f.left) * LANES;
    const vector none = {0};
    FOR_PLANES(n, s, part) {
        NAMED(put_into_frames)(
            s->group, s->bf16_images, dy, n * s->output_height * s->output_width, s->output_height, s->output_width,
            f, planes);
        const float *own = turned + n % s->blocks * all * LANES;
        for (ptrdiff_t top = 0; top < s->stride_height && top < s->input_height; top++)
            for (ptrdiff_t left = 0; left < s->stride_width && left < s->input_width; left++) {
                const NAMED(taps) taps = NAMED(taps_of)(
                    s, top + s->padding_top, left + s->padding_left, f.width, apart, weights, sources);
                const ptrdiff_t width = (s->input_width - left + s->stride_width - 1) / s->stride_width;
                for (ptrdiff_t row = top; row < s->input_height; row += s->stride_height)
                    NAMED(row)(
                        taps, origin + (row - top) / s->stride_height * f.width * LANES, own, none, width, 1,
                        s->bf16_images, dx, (n * s->input_height + row) * s->input_width + left, s->stride_width);
            }
    }
}

/// Adds to the gradients of `rows` x `columns` taps, whose first sees `x`, what a plane of the output's gradient gives.
FIXED void NAMED(add_taps)(
    const dptrain_grouped *s, const float *x, ptrdiff_t width, const float *dy, const int rows, const int columns,
    float *dkernel) {
    vector sums[rows][columns];
    const vector none = {0};
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++) sums[i][j] = none;
    const ptrdiff_t down = s->step_height * width * LANES, across = s->step_width * LANES;
    for (ptrdiff_t row = 0; row < s->output_height; row++) {
        const float *line = x + row * s->stride_height * width * LANES;
        for (ptrdiff_t column = 0; column < s->output_width; column++) {
            const vector gradient = NAMED(load)(dy);
            _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
                _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++)
                    sums[i][j] += gradient * NAMED(load)(line + i * down + j * across);
            line += s->stride_width * LANES;
            dy += LANES;
        }
    }
    _Pragma("clang loop unroll(full)") for (int i = 0; i < rows; i++)
        _Pragma("clang loop unroll(full)") for (int j = 0; j < columns; j++)
            *(vector *)(dkernel + (i * s->kernel_width + j) * LANES) += sums[i][j];
}

#define TAPS(rows, columns)                                                                                   \
    TARGET static void NAMED(add_##rows##x##columns)(                                                         \
        const dptrain_grouped *s, const float *x, ptrdiff_t width, const float *dy, float *dkernel) {       \
        NAMED(add_taps)(s, x, width, dy, rows, columns, dkernel);                                             \
    }
TAPS(1, 1)
TAPS(3, 1)
TAPS(1, 3)
TAPS(3, 3)
TAPS(1, 5)
TAPS(2, 5)
TAPS(1, 7)
TAPS(2, 7)
#undef TAPS

/// All taps of a plane, as many at a time as there are registers for their sums.
TARGET static void NAMED(add_plane)(
    const dptrain_grouped *s, const float *x, ptrdiff_t width, const float *dy, float *dkernel) {
    for (ptrdiff_t j = 0; j < s->kernel_width;) {
        const ptrdiff_t left = s->kernel_width - j, columns = left >= 7 ? 7 : left >= 5 ? 5 : left >= 3 ? 3 : 1;
        for (ptrdiff_t i = 0; i < s->kernel_height;) {
            const ptrdiff_t below = s->kernel_height - i;
            const ptrdiff_t rows = columns >= 5 ? (below >= 2 ? 2 : 1) : below >= 3 ? 3 : 1;
            const float *first = x + (i * s->step_height * width + j * s->step_width) * LANES;
            float *to = dkernel + (i * s->kernel_width + j) * LANES;
            switch (columns) {
                case 7: (rows == 2 ? NAMED(add_2x7) : NAMED(add_1x7))(s, first, width, dy, to); break;
                case 5: (rows == 2 ? NAMED(add_2x5) : NAMED(add_1x5))(s, first, width, dy, to); break;
                case 3: (rows == 3 ? NAMED(add_3x3) : NAMED(add_1x3))(s, first, width, dy, to); break;
                default: (rows == 3 ? NAMED(add_3x1) : NAMED(add_1x1))(s, first, width, dy, to);
            }
            i += rows;
        }
        j += columns;
    }
}

TARGET static void NAMED(weight_gradient)(
    const dptrain_grouped *s, dptrain_part part, const void *x, const void *dy, float *dkernel, float *dbias,
    float *scratch) {
    const frame f = input_frame(s);
    const ptrdiff_t count = s->kernel_height * s->kernel_width, pixels = s->output_height * s->output_width;
    const ptrdiff_t all = s->group * count, apart = f.height * f.width * LANES;
    float *gradients = scratch, *planes = scratch + pixels * LANES;
    float *sums = s->group == 1 ? dkernel : planes + s->group * apart;
    const ptrdiff_t blocks = part.end - part.first;
    memset(sums + part.first * all * LANES, 0, blocks * all * LANES * sizeof(float));
    if (dbias) memset(dbias + part.first * LANES, 0, blocks * LANES * sizeof(float));
    FOR_PLANES(n, s, part) {
        const ptrdiff_t block = n % s->blocks;
        NAMED(put_into_frames)(
            s->group, s->bf16_images, x, n * s->input_height * s->input_width, s->input_height, s->input_width, f,
            planes);
        const float *given = (const float *)dy + n * pixels * LANES;
        if (s->bf16_images) {
            NAMED(copy)(1, dy, n * pixels, pixels, gradients);
            given = gradients;
        }
        for (ptrdiff_t member = 0; member < s->group; member++)
            NAMED(add_plane)(
                s, planes + member * apart, f.width, given, sums + (block * all + member * count) * LANES);
        if (dbias) {
            vector sum = {0};
            for (ptrdiff_t i = 0; i < pixels; i++) sum += NAMED(load)(given + i * LANES);
            *(vector *)(dbias + block * LANES) += sum;
        }
    }
    if (s->group > 1) unpack(s, part, sums, dkernel);
}
