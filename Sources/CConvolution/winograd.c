/// Winograd's F(4x4, 3x3): a tile of 4x4 outputs from 6x6 inputs by 36 products instead of 144 (Lavin and Gray, Fast Algorithms
/// for Convolutional Neural Networks, 2015). A vector is 16 channels of a pixel. Tiles are taken 16 at a time through all
/// three stages (transform, products, transform back), so that what lies between stays in the cache: that, at few channels,
/// is what oneDNN's kernels miss.

#include "winograd.h"
#include "lanes.h"

enum { TILES = 16, POINTS = 36 };

typedef __m512 vector;

/// The points where the polynomials are evaluated are 0, +-A, +-B and infinity. These two halve the rounding
/// errors of the usual 1 and 2 (docs/numerics.md).
static const float A = 0.625f, B = 1.5f;

#define SPLAT(x) _mm512_set1_ps(x)
#define FMA(x, y, z) _mm512_fmadd_ps(x, y, z)
#define FNMA(x, y, z) _mm512_fnmadd_ps(x, y, z)
#define ADD(x, y) _mm512_add_ps(x, y)
#define SUB(x, y) _mm512_sub_ps(x, y)
#define MUL(x, y) _mm512_mul_ps(x, y)

// MARK: One-dimensional transforms. Elements are `stride` vectors apart.

/// Six inputs at six points.
UNROLLED void transform_input(vector *d, int stride) {
    const vector aa = SPLAT(A * A), bb = SPLAT(B * B), aabb = SPLAT(A * A * B * B), sum = SPLAT(A * A + B * B);
    const vector a = SPLAT(A), b = SPLAT(B);
    vector d0 = d[0], d1 = d[stride], d2 = d[2 * stride], d3 = d[3 * stride], d4 = d[4 * stride], d5 = d[5 * stride];
    vector evenA = FNMA(bb, d2, d4), oddA = FNMA(bb, d1, d3);
    vector evenB = FNMA(aa, d2, d4), oddB = FNMA(aa, d1, d3);
    d[0] = FMA(aabb, d0, FNMA(sum, d2, d4));
    d[stride] = FMA(a, oddA, evenA);
    d[2 * stride] = FNMA(a, oddA, evenA);
    d[3 * stride] = FMA(b, oddB, evenB);
    d[4 * stride] = FNMA(b, oddB, evenB);
    d[5 * stride] = FMA(aabb, d1, FNMA(sum, d3, d5));
}

/// Four outputs from their values at six points.
UNROLLED void transform_output(vector *m, int stride) {
    const vector a = SPLAT(A), b = SPLAT(B), aa = SPLAT(A * A), bb = SPLAT(B * B);
    const vector aaa = SPLAT(A * A * A), bbb = SPLAT(B * B * B);
    vector sumA = ADD(m[stride], m[2 * stride]), differenceA = SUB(m[stride], m[2 * stride]);
    vector sumB = ADD(m[3 * stride], m[4 * stride]), differenceB = SUB(m[3 * stride], m[4 * stride]);
    vector last = m[5 * stride];
    m[0] = ADD(m[0], ADD(sumA, sumB));
    m[stride] = FMA(a, differenceA, MUL(b, differenceB));
    m[2 * stride] = FMA(aa, sumA, MUL(bb, sumB));
    m[3 * stride] = FMA(aaa, differenceA, FMA(bbb, differenceB, last));
}

/// The transposed of `transform_output`: four gradients at six points.
UNROLLED void transform_output_gradient(vector *y, int stride) {
    const vector a = SPLAT(A), b = SPLAT(B), aa = SPLAT(A * A), bb = SPLAT(B * B);
    const vector aaa = SPLAT(A * A * A), bbb = SPLAT(B * B * B);
    vector y0 = y[0], y1 = y[stride], y2 = y[2 * stride], y3 = y[3 * stride];
    vector evenA = FMA(aa, y2, y0), oddA = FMA(a, y1, MUL(aaa, y3));
    vector evenB = FMA(bb, y2, y0), oddB = FMA(b, y1, MUL(bbb, y3));
    y[stride] = ADD(evenA, oddA);
    y[2 * stride] = SUB(evenA, oddA);
    y[3 * stride] = ADD(evenB, oddB);
    y[4 * stride] = SUB(evenB, oddB);
    y[5 * stride] = y3;
}

/// A kernel's three weights at point `i`.
UNROLLED vector kernel_at_point(int i, vector w0, vector w1, vector w2) {
    if (i == 5) return w2;
    if (i == 0) return MUL(SPLAT(1 / (A * A * B * B)), w0);
    const float p = i == 1 ? A : i == 2 ? -A : i == 3 ? B : -B;
    const float scale = i < 3 ? 1 / (2 * A * A * (A * A - B * B)) : 1 / (2 * B * B * (B * B - A * A));
    return MUL(SPLAT(scale), FMA(SPLAT(p * p), w2, FMA(SPLAT(p), w1, w0)));
}

/// The transposed of `kernel_at_point`: three weights' gradients from those at six points.
UNROLLED void kernel_gradient_from_points(const vector *g, int stride, vector *w) {
    const float scaleA = 1 / (2 * A * A * (A * A - B * B)), scaleB = 1 / (2 * B * B * (B * B - A * A));
    vector sumA = MUL(SPLAT(scaleA), ADD(g[stride], g[2 * stride]));
    vector differenceA = MUL(SPLAT(scaleA), SUB(g[stride], g[2 * stride]));
    vector sumB = MUL(SPLAT(scaleB), ADD(g[3 * stride], g[4 * stride]));
    vector differenceB = MUL(SPLAT(scaleB), SUB(g[3 * stride], g[4 * stride]));
    w[0] = FMA(SPLAT(1 / (A * A * B * B)), g[0], ADD(sumA, sumB));
    w[1] = FMA(SPLAT(A), differenceA, MUL(SPLAT(B), differenceB));
    w[2] = FMA(SPLAT(A * A), sumA, FMA(SPLAT(B * B), sumB, g[5 * stride]));
}

// MARK: Tiles

typedef struct {
    ptrdiff_t sample, y, x;
} tile_position;

/// One plane of images: `blocks` of 16 channels of height x width pixels.
typedef struct {
    ptrdiff_t blocks, height, width, top, left;
} plane;

/// Reads `size` x `size` pixels of one block of channels; what lies outside the image is zero.
UNROLLED void load_patch(const float *image, plane shape, ptrdiff_t y0, ptrdiff_t x0, int size, vector *patch) {
    const _Bool inside = y0 >= 0 && x0 >= 0 && y0 + size <= shape.height && x0 + size <= shape.width;
    for (int i = 0; i < size; i++) {
        const float *row = image + ((y0 + i) * shape.width + x0) * lanes;
        if (inside) {
            for (int j = 0; j < size; j++) patch[i * 6 + j] = _mm512_loadu_ps(row + j * lanes);
        } else {
            const _Bool has_row = y0 + i >= 0 && y0 + i < shape.height;
            for (int j = 0; j < size; j++)
                patch[i * 6 + j] = has_row && x0 + j >= 0 && x0 + j < shape.width ? _mm512_loadu_ps(row + j * lanes)
                                                                                  : _mm512_setzero_ps();
        }
    }
}

UNROLLED ptrdiff_t tiles_across(ptrdiff_t pixels) { return (pixels + 3) / 4; }

UNROLLED tile_position tile_at(ptrdiff_t index, ptrdiff_t height, ptrdiff_t width) {
    const ptrdiff_t across = tiles_across(width), down = tiles_across(height);
    return (tile_position){index / (across * down), index / across % down * 4, index % across * 4};
}

/// Asks for the pixels of a tile that will be read, or written, a whole stage later: without it, images larger than the
/// cache take half as long again.
UNROLLED void prefetch_tile(const float *images, plane shape, tile_position tile, ptrdiff_t block) {
    const float *image = images + (tile.sample * shape.blocks + block) * shape.height * shape.width * lanes;
    for (ptrdiff_t i = tile.y; i < tile.y + 4 && i < shape.height; i++)
        for (ptrdiff_t j = tile.x; j < tile.x + 4 && j < shape.width; j++)
            __builtin_prefetch(image + (i * shape.width + j) * lanes, 1, 2);
}

/// V[point][block of channels][tile][16 channels] of `count` tiles; the places of missing ones become zero.
AVX512 static void transform_inputs(
    const float *x, plane shape, ptrdiff_t output_height, ptrdiff_t output_width, ptrdiff_t tiles, ptrdiff_t first,
    ptrdiff_t count, float *v) {
    const ptrdiff_t channels = shape.blocks * lanes;
    for (ptrdiff_t t = 0; t < TILES; t++) {
        const tile_position tile = tile_at(first + t, output_height, output_width);
        for (ptrdiff_t block = 0; block < shape.blocks; block++) {
            vector d[POINTS];
            float *out = v + (block * TILES + t) * lanes;
            if (t < count) {
                const float *image = x + (tile.sample * shape.blocks + block) * shape.height * shape.width * lanes;
                load_patch(image, shape, tile.y - shape.top, tile.x - shape.left, 6, d);
                if (first + t + TILES < tiles)
                    prefetch_tile(x, shape, tile_at(first + t + TILES, output_height, output_width), block);
                for (int j = 0; j < 6; j++) transform_input(d + j, 6);
                for (int i = 0; i < 6; i++) transform_input(d + i * 6, 1);
            } else {
                for (int p = 0; p < POINTS; p++) d[p] = _mm512_setzero_ps();
            }
            for (int p = 0; p < POINTS; p++) _mm512_storeu_ps(out + p * TILES * channels, d[p]);
        }
    }
}

/// M[point][tile] = V[point][tile] U[point] for one block of outputs: 16 sums in registers, a vector of U for each step.
AVX512 static void multiply(const float *v, const float *u, ptrdiff_t channels, float *m) {
    for (int p = 0; p < POINTS; p++) {
        vector sums[TILES];
        for (int t = 0; t < TILES; t++) sums[t] = _mm512_setzero_ps();
        for (ptrdiff_t c = 0; c < channels; c += lanes) {
            const float *values = v + (p * channels + c) * TILES;
            for (int k = 0; k < lanes; k++) {
                const vector weights = _mm512_loadu_ps(u + (p * channels + c + k) * lanes);
                for (int t = 0; t < TILES; t++) sums[t] = FMA(SPLAT(values[t * lanes + k]), weights, sums[t]);
            }
        }
        for (int t = 0; t < TILES; t++) _mm512_storeu_ps(m + (p * TILES + t) * lanes, sums[t]);
    }
}

/// The outputs of `count` tiles of one block of channels.
AVX512 static void transform_outputs(
    const float *m, plane shape, ptrdiff_t block, ptrdiff_t first, ptrdiff_t count, const float *bias, _Bool rectifies,
    float *y) {
    const vector offset = bias ? _mm512_loadu_ps(bias + block * lanes) : _mm512_setzero_ps();
    for (ptrdiff_t t = 0; t < count; t++) {
        const tile_position tile = tile_at(first + t, shape.height, shape.width);
        float *image = y + (tile.sample * shape.blocks + block) * shape.height * shape.width * lanes;
        vector d[POINTS];
        for (int p = 0; p < POINTS; p++) d[p] = _mm512_loadu_ps(m + (p * TILES + t) * lanes);
        for (int j = 0; j < 6; j++) transform_output(d + j, 6);
        for (int i = 0; i < 4; i++) transform_output(d + i * 6, 1);
        const ptrdiff_t rows = least(4, shape.height - tile.y);
        const ptrdiff_t columns = least(4, shape.width - tile.x);
        for (ptrdiff_t i = 0; i < rows; i++)
            for (ptrdiff_t j = 0; j < columns; j++) {
                vector value = ADD(d[i * 6 + j], offset);
                // In this order a NaN stays one.
                if (rectifies) value = _mm512_max_ps(_mm512_setzero_ps(), value);
                _mm512_storeu_ps(image + ((tile.y + i) * shape.width + tile.x + j) * lanes, value);
            }
    }
}

/// All outputs of a convolution with transformed kernels u[output block][point][input][16 outputs].
AVX512 static void convolve(
    ptrdiff_t samples, plane input, plane output, const float *x, const float *u, const float *bias, _Bool rectifies,
    float *y, float *scratch) {
    const ptrdiff_t channels = input.blocks * lanes;
    const ptrdiff_t tiles = samples * tiles_across(output.height) * tiles_across(output.width);
    float *v = scratch, *m = scratch + POINTS * TILES * channels;
    for (ptrdiff_t first = 0; first < tiles; first += TILES) {
        const ptrdiff_t count = least(TILES, tiles - first);
        transform_inputs(x, input, output.height, output.width, tiles, first, count, v);
        for (ptrdiff_t block = 0; block < output.blocks; block++) {
            for (ptrdiff_t t = 0; t < count; t++)
                prefetch_tile(y, output, tile_at(first + t, output.height, output.width), block);
            multiply(v, u + block * POINTS * channels * lanes, channels, m);
            transform_outputs(m, output, block, first, count, bias, rectifies, y);
        }
    }
}

// MARK: Kernels

/// u[output block][point][input][16 outputs] of kernels w(i, j) = [3, 3, 16 outputs] of one input and one block of outputs.
UNROLLED void transform_kernel(vector w[3][3], float *u, ptrdiff_t point_stride) {
    vector rows[6][3];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++) rows[i][j] = kernel_at_point(i, w[0][j], w[1][j], w[2][j]);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            _mm512_storeu_ps(u + (i * 6 + j) * point_stride, kernel_at_point(j, rows[i][0], rows[i][1], rows[i][2]));
}

AVX512 void dptrain_winograd_transform_kernels(const dptrain_winograd *shape, const float *kernel, float *u) {
    for (ptrdiff_t o = 0; o < shape->outputs / lanes; o++)
        for (ptrdiff_t c = 0; c < shape->inputs; c++) {
            vector w[3][3];
            const float *block = kernel + ((o * (shape->inputs / lanes) + c / lanes) * 9 * lanes + c % lanes) * lanes;
            for (int k = 0; k < 9; k++) w[k / 3][k % 3] = _mm512_loadu_ps(block + k * lanes * lanes);
            transform_kernel(w, u + (o * POINTS * shape->inputs + c) * lanes, shape->inputs * lanes);
        }
}

AVX512 void dptrain_winograd_transform_turned_kernels(const dptrain_winograd *shape, const float *kernel, float *u) {
    const ptrdiff_t blocks = shape->inputs / lanes;
    const __m512i step = _mm512_mullo_epi32(
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(lanes));
    for (ptrdiff_t i = 0; i < blocks; i++)
        for (ptrdiff_t c = 0; c < shape->outputs; c++) {
            vector w[3][3];
            const float *block = kernel + (c / lanes * blocks + i) * 9 * lanes * lanes + c % lanes;
            for (int k = 0; k < 9; k++) w[k / 3][k % 3] = _mm512_i32gather_ps(step, block + (8 - k) * lanes * lanes, 4);
            transform_kernel(w, u + (i * POINTS * shape->outputs + c) * lanes, shape->outputs * lanes);
        }
}

// MARK: Passes

static plane input_plane(const dptrain_winograd *s) {
    return (plane){s->inputs / lanes, s->input_height, s->input_width, s->padding_top, s->padding_left};
}

/// As the input of its gradient's convolution, an output has the padding that is left of the kernel's size.
static plane output_plane(const dptrain_winograd *s) {
    return (plane){s->outputs / lanes, s->output_height, s->output_width, 2 - s->padding_top, 2 - s->padding_left};
}

ptrdiff_t dptrain_winograd_kernel_floats(const dptrain_winograd *s) { return POINTS * s->inputs * s->outputs; }

/// V and M of 16 tiles.
static ptrdiff_t tile_floats(const dptrain_winograd *s) { return POINTS * TILES * (s->inputs + s->outputs); }

ptrdiff_t dptrain_winograd_scratch(const dptrain_winograd *s) { return tile_floats(s); }

AVX512 void dptrain_winograd_forward(
    const dptrain_winograd *s, const float *x, const float *u, const float *bias, _Bool rectifies, float *y,
    float *scratch) {
    convolve(s->samples, input_plane(s), output_plane(s), x, u, bias, rectifies, y, scratch);
}

AVX512 void dptrain_winograd_input_gradient(
    const dptrain_winograd *s, const float *dy, const float *u, float *dx, float *scratch) {
    convolve(s->samples, output_plane(s), input_plane(s), dy, u, 0, 0, dx, scratch);
}

ptrdiff_t dptrain_winograd_kernel_gradient_scratch(const dptrain_winograd *s) {
    return dptrain_winograd_kernel_floats(s) + tile_floats(s);
}

/// M[point][tile][16 outputs] of the gradients of one block of outputs; missing tiles are zero.
AVX512 static vector transform_output_gradients(
    const float *dy, plane shape, ptrdiff_t block, ptrdiff_t first, ptrdiff_t count, float *m) {
    vector sum = _mm512_setzero_ps();
    for (ptrdiff_t t = 0; t < TILES; t++) {
        vector d[POINTS];
        if (t < count) {
            const tile_position tile = tile_at(first + t, shape.height, shape.width);
            const float *image = dy + (tile.sample * shape.blocks + block) * shape.height * shape.width * lanes;
            load_patch(image, shape, tile.y, tile.x, 4, d);
            for (int i = 0; i < 4; i++)
                sum = ADD(sum, ADD(ADD(d[i * 6], d[i * 6 + 1]), ADD(d[i * 6 + 2], d[i * 6 + 3])));
            for (int j = 0; j < 4; j++) transform_output_gradient(d + j, 6);
            for (int i = 0; i < 6; i++) transform_output_gradient(d + i * 6, 1);
        } else {
            for (int p = 0; p < POINTS; p++) d[p] = _mm512_setzero_ps();
        }
        for (int p = 0; p < POINTS; p++) _mm512_storeu_ps(m + (p * TILES + t) * lanes, d[p]);
    }
    return sum;
}

/// g[point][input][16 outputs] += V[point]^T M[point]: 16 inputs' sums in registers.
AVX512 static void multiply_transposed(const float *v, const float *m, ptrdiff_t channels, float *g) {
    for (int p = 0; p < POINTS; p++)
        for (ptrdiff_t c = 0; c < channels; c += lanes) {
            vector sums[lanes];
            float *target = g + (p * channels + c) * lanes;
            for (int k = 0; k < lanes; k++) sums[k] = _mm512_loadu_ps(target + k * lanes);
            for (int t = 0; t < TILES; t++) {
                const vector gradient = _mm512_loadu_ps(m + (p * TILES + t) * lanes);
                const float *values = v + (p * channels + c) * TILES + t * lanes;
                for (int k = 0; k < lanes; k++) sums[k] = FMA(SPLAT(values[k]), gradient, sums[k]);
            }
            for (int k = 0; k < lanes; k++) _mm512_storeu_ps(target + k * lanes, sums[k]);
        }
}

AVX512 void dptrain_winograd_kernel_gradient(
    const dptrain_winograd *s, const float *x, const float *dy, float *dkernel, float *dbias, float *scratch) {
    const plane input = input_plane(s), output = output_plane(s);
    const ptrdiff_t tiles = s->samples * tiles_across(s->output_height) * tiles_across(s->output_width);
    const ptrdiff_t kernel_floats = dptrain_winograd_kernel_floats(s);
    float *g = scratch, *v = scratch + kernel_floats, *m = v + POINTS * TILES * s->inputs;
    for (ptrdiff_t i = 0; i < kernel_floats; i += lanes) _mm512_storeu_ps(g + i, _mm512_setzero_ps());
    if (dbias)
        for (ptrdiff_t o = 0; o < s->outputs; o += lanes) _mm512_storeu_ps(dbias + o, _mm512_setzero_ps());
    for (ptrdiff_t first = 0; first < tiles; first += TILES) {
        const ptrdiff_t count = least(TILES, tiles - first);
        transform_inputs(x, input, s->output_height, s->output_width, tiles, first, count, v);
        for (ptrdiff_t o = 0; o < output.blocks; o++) {
            const vector sum = transform_output_gradients(dy, output, o, first, count, m);
            if (dbias) _mm512_storeu_ps(dbias + o * lanes, ADD(_mm512_loadu_ps(dbias + o * lanes), sum));
            multiply_transposed(v, m, s->inputs, g + o * POINTS * s->inputs * lanes);
        }
    }
    for (ptrdiff_t o = 0; o < output.blocks; o++)
        for (ptrdiff_t c = 0; c < s->inputs; c++) {
            vector points[POINTS], rows[3][6], w[3];
            for (int p = 0; p < POINTS; p++)
                points[p] = _mm512_loadu_ps(g + ((o * POINTS + p) * s->inputs + c) * lanes);
            for (int j = 0; j < 6; j++) {
                kernel_gradient_from_points(points + j, 6, w);
                for (int i = 0; i < 3; i++) rows[i][j] = w[i];
            }
            float *block = dkernel + ((o * input.blocks + c / lanes) * 9 * lanes + c % lanes) * lanes;
            for (int i = 0; i < 3; i++) {
                kernel_gradient_from_points(rows[i], 1, w);
                for (int j = 0; j < 3; j++) _mm512_storeu_ps(block + (i * 3 + j) * lanes * lanes, w[j]);
            }
        }
}
