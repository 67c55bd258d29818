/// Winograd's F(4x4, 3x3): a tile of 4x4 outputs from 6x6 inputs by 36 products instead of 144 (Lavin and Gray, Fast
/// Algorithms for Convolutional Neural Networks, 2015). Some tiles are taken through all three stages (transform,
/// products, transform back) at a time, so that what lies between stays in the cache; oneDNN's kernels
/// take all tiles through one stage after another.

#include "winograd_tiles.h"

/// 8 tiles and two blocks of outputs, or 16 and one: 16 sums in registers.
enum { GROUP = 16 };

static ptrdiff_t whole_groups(ptrdiff_t tiles) { return (tiles + GROUP - 1) / GROUP * GROUP; }

/// The more tiles, the more use is made of each transformed weight that comes from beyond the cache; the fewer, the
/// more of what lies between the stages stays in it.
static ptrdiff_t tiles_at_once(const dptrain_winograd *s, plane output) {
    const ptrdiff_t kernels = s->inputs * s->outputs;
    return least(
        kernels <= 64 * 64 ? 16 : kernels <= 256 * 256 ? 32 : 128, whole_groups(tile_count(s->samples, output)));
}

/// Words from one point to the next; the odd line keeps points out of each other's sets of the cache.
static ptrdiff_t point_words(ptrdiff_t tiles, ptrdiff_t words) { return tiles * words + lanes; }

/// v[point][block of channels][tile][words of 16 channels]; the places of missing tiles become zero.
UNROLLED_BF16 void transform_inputs(
    element images, element products, const void *x, plane shape, const chunk *chunk, ptrdiff_t places, float *v) {
    const int words = lanes / elements(products);
    const ptrdiff_t stride = point_words(places, shape.blocks * words);
    for (ptrdiff_t block = 0; block < shape.blocks; block++)
        for (ptrdiff_t t = 0; t < whole_groups(chunk->count); t++) {
            vector d[POINTS];
            if (t < chunk->next) prefetch_tile(images, x, shape, chunk->tiles[chunk->count + t], block);
            if (t < chunk->count)
                load_input(images, x, shape, chunk->tiles[t], block, d);
            else
                clear_points(d);
            float *out = v + (block * places + t) * words;
            for (int p = 0; p < POINTS; p++) store_lanes(products, out + p * stride, 0, d[p]);
        }
}

/// m[block][tile] = v[tile] u[block] of one point, for some tiles and blocks of outputs: sums in registers.
UNROLLED_BF16 void multiply_group(
    element products, int tiles, int blocks, const float *v, ptrdiff_t places, const float *u, ptrdiff_t channels,
    float *m) {
    const int words = lanes / elements(products);
    const ptrdiff_t block_words = channels / lanes * words * lanes;
    vector sums[GROUP];
    UNROLL
    for (int i = 0; i < GROUP; i++) sums[i] = _mm512_setzero_ps();
    for (ptrdiff_t c = 0; c < channels / lanes; c++)
        for (int k = 0; k < words; k++) {
            vector weights[2];
            UNROLL
            for (int b = 0; b < blocks; b++)
                weights[b] = _mm512_loadu_ps(u + b * block_words + (c * words + k) * lanes);
            UNROLL
            for (int t = 0; t < tiles; t++) {
                const vector value = SPLAT(v[(c * places + t) * words + k]);
                UNROLL
                for (int b = 0; b < blocks; b++)
                    sums[t * blocks + b] = accumulate(products, sums[t * blocks + b], value, weights[b]);
            }
        }
    UNROLL
    for (int b = 0; b < blocks; b++)
        UNROLL
        for (int t = 0; t < tiles; t++) _mm512_storeu_ps(m + (b * places + t) * lanes, sums[t * blocks + b]);
}

/// m[block of outputs][tile][16 outputs] of one point.
UNROLLED_BF16 void multiply(
    element products, const float *v, const float *u, ptrdiff_t count, ptrdiff_t places, ptrdiff_t channels,
    ptrdiff_t blocks, float *m) {
    const int words = lanes / elements(products);
    ptrdiff_t block = 0;
    for (; block + 2 <= blocks; block += 2)
        for (ptrdiff_t t = 0; t < count; t += GROUP / 2)
            multiply_group(
                products, GROUP / 2, 2, v + t * words, places, u + block * channels * words, channels,
                m + (block * places + t) * lanes);
    for (; block < blocks; block++)
        for (ptrdiff_t t = 0; t < count; t += GROUP)
            multiply_group(
                products, GROUP, 1, v + t * words, places, u + block * channels * words, channels,
                m + (block * places + t) * lanes);
}

/// The outputs of a chunk's tiles.
UNROLLED_BF16 void transform_outputs(
    element images, const float *m, ptrdiff_t places, plane shape, const chunk *chunk, const float *bias,
    _Bool rectifies, void *y) {
    const ptrdiff_t stride = point_words(places, shape.blocks * lanes);
    for (ptrdiff_t block = 0; block < shape.blocks; block++) {
        const vector offset = bias ? _mm512_loadu_ps(bias + block * lanes) : _mm512_setzero_ps();
        for (ptrdiff_t t = 0; t < chunk->count; t++) {
            const tile_position tile = chunk->tiles[t];
            vector d[POINTS];
            for (int p = 0; p < POINTS; p++) d[p] = _mm512_loadu_ps(m + p * stride + (block * places + t) * lanes);
            for (int j = 0; j < 6; j++) transform_output(d + j, 6);
            for (int i = 0; i < 4; i++) transform_output(d + i * 6, 1);
            const ptrdiff_t rows = least(4, shape.height - tile.y), columns = least(4, shape.width - tile.x);
            const ptrdiff_t image = first_pixel(shape, tile.sample, block);
            for (ptrdiff_t i = 0; i < rows; i++)
                for (ptrdiff_t j = 0; j < columns; j++) {
                    vector value = ADD(d[i * 6 + j], offset);
                    // In this order a NaN stays one.
                    if (rectifies) value = _mm512_max_ps(_mm512_setzero_ps(), value);
                    store_lanes(images, y, image + (tile.y + i) * shape.width + tile.x + j, value);
                }
        }
    }
}

/// The outputs of some samples by a convolution with transformed kernels u[point][output block][words of inputs][16 outputs].
UNROLLED_BF16 void convolve(
    element images, element products, dptrain_part samples, ptrdiff_t places, plane input, plane output, const void *x,
    const float *u, const float *bias, _Bool rectifies, void *y, float *scratch) {
    const ptrdiff_t channels = input.blocks * lanes, words = channels / elements(products);
    const ptrdiff_t tiles = tile_count(samples.end, output);
    const ptrdiff_t v_stride = point_words(places, words), m_stride = point_words(places, output.blocks * lanes);
    float *v = scratch, *m = scratch + POINTS * v_stride;
    chunk chunk;
    for (ptrdiff_t first = tile_count(samples.first, output); first < tiles; first += places) {
        find_tiles(output, first, places, tiles, &chunk);
        transform_inputs(images, products, x, input, &chunk, places, v);
        for (int p = 0; p < POINTS; p++) {
            for (ptrdiff_t i = p; i < chunk.count * output.blocks; i += POINTS)
                prefetch_tile(images, y, output, chunk.tiles[i % chunk.count], i / chunk.count);
            multiply(
                products, v + p * v_stride, u + p * words * output.blocks * lanes, chunk.count, places, channels,
                output.blocks, m + p * m_stride);
        }
        transform_outputs(images, m, places, output, &chunk, bias, rectifies, y);
    }
}

// MARK: Passes

ptrdiff_t dptrain_winograd_scratch(const dptrain_winograd *s) {
    // Of both passes, since an image's gradient may have more tiles than what was made of the image.
    const ptrdiff_t places = most(tiles_at_once(s, input_plane(s, 0)), tiles_at_once(s, output_plane(s, 0)));
    return POINTS * (point_words(places, s->inputs) + point_words(places, s->outputs));
}

AVX512_BF16 static void convolve_group(
    const dptrain_winograd *s, dptrain_part samples, plane input, plane output, const void *x, const float *u,
    const float *bias, _Bool rectifies, void *y, float *scratch) {
    const ptrdiff_t places = tiles_at_once(s, output);
    if (s->bf16_products)
        convolve(BF16, BF16, samples, places, input, output, x, u, bias, rectifies, y, scratch);
    else if (s->bf16_images)
        convolve(BF16, FP32, samples, places, input, output, x, u, bias, rectifies, y, scratch);
    else
        convolve(FP32, FP32, samples, places, input, output, x, u, bias, rectifies, y, scratch);
}

void dptrain_winograd_forward(
    const dptrain_winograd *s, dptrain_part samples, const void *x, const float *u, const float *bias, _Bool rectifies,
    void *y, float *scratch) {
    for (ptrdiff_t group = 0; group < s->groups; group++) {
        convolve_group(
            s, samples, input_plane(s, group), output_plane(s, group), x, u, bias, rectifies, y, scratch);
        u += group_kernel_floats(s);
        if (bias) bias += s->outputs;
    }
}

void dptrain_winograd_input_gradient(
    const dptrain_winograd *s, dptrain_part samples, const void *dy, const float *u, void *dx, float *scratch) {
    for (ptrdiff_t group = 0; group < s->groups; group++)
        convolve_group(
            s, samples, output_plane(s, group), input_plane(s, group), dy, u + group * group_kernel_floats(s), 0, 0, dx,
            scratch);
}
