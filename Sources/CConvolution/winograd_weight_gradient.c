/// The weight gradient of Winograd's F(4x4, 3x3): at each point the product of transformed inputs and transformed
/// gradients of outputs, summed over tiles, and transformed to 3x3 weights at the end.

#include "winograd_tiles.h"

/// 8 inputs and two blocks of outputs, or 16 and one: 16 sums in registers.
enum { GROUP = 16 };

/// Sums are read and written once for these many tiles: the more channels, the more tiles.
static ptrdiff_t tiles_at_once(const dptrain_winograd *s) {
    const ptrdiff_t kernels = s->inputs * s->outputs;
    const ptrdiff_t tiles = tile_count(s->samples, output_plane(s, 0));
    return least(kernels <= 64 * 64 ? 32 : kernels <= 128 * 128 ? 64 : 256, (tiles + 1) / 2 * 2);
}

/// Words from one point to the next; the odd line keeps points out of each other's sets of the cache.
static ptrdiff_t point_words(element products, ptrdiff_t places) {
    return (places / elements(products) + 1) * lanes;
}

/// The points of one tile, or of two side by side.
UNROLLED_BF16 void store_points(
    element products, const vector *first, const vector *second, float *out, ptrdiff_t stride) {
    for (int p = 0; p < POINTS; p++)
        _mm512_storeu_ps(out + p * stride, products == BF16 ? paired(first[p], second[p]) : first[p]);
}

/// v[block of channels][point][word of tiles][16 channels]; a missing half of a word becomes zero.
UNROLLED_BF16 void transform_inputs(
    element images, element products, const void *x, plane shape, const chunk *chunk, ptrdiff_t stride, float *v) {
    const int step = elements(products);
    for (ptrdiff_t block = 0; block < shape.blocks; block++)
        for (ptrdiff_t t = 0; t < chunk->count; t += step) {
            vector d[POINTS], d2[POINTS];
            for (ptrdiff_t i = t; i < least(t + step, chunk->next); i++)
                prefetch_tile(images, x, shape, chunk->tiles[chunk->count + i], block);
            load_input(images, x, shape, chunk->tiles[t], block, d);
            if (step == 2 && t + 1 < chunk->count)
                load_input(images, x, shape, chunk->tiles[t + 1], block, d2);
            else
                clear_points(d2);
            store_points(products, d, d2, v + block * POINTS * stride + t / step * lanes, stride);
        }
}

/// A tile of gradients of one block of outputs, transformed. Returns its sum.
UNROLLED_BF16 vector load_gradient(
    element images, const void *dy, plane shape, tile_position tile, ptrdiff_t block, vector *d) {
    vector sum = _mm512_setzero_ps();
    load_patch(images, dy, shape, tile.sample, block, tile.y, tile.x, 4, d);
    for (int i = 0; i < 4; i++) sum = ADD(sum, ADD(ADD(d[i * 6], d[i * 6 + 1]), ADD(d[i * 6 + 2], d[i * 6 + 3])));
    for (int j = 0; j < 4; j++) transform_output_gradient(d + j, 6);
    for (int i = 0; i < 6; i++) transform_output_gradient(d + i * 6, 1);
    return sum;
}

/// m[point][word of tiles][16 outputs] of one block of outputs. Returns the sum of the gradients.
UNROLLED_BF16 vector transform_gradients(
    element images, element products, const void *dy, plane shape, const chunk *chunk, ptrdiff_t stride,
    ptrdiff_t block, float *m) {
    const int step = elements(products);
    vector sum = _mm512_setzero_ps();
    for (ptrdiff_t t = 0; t < chunk->count; t += step) {
        vector d[POINTS], d2[POINTS];
        for (ptrdiff_t i = t; i < least(t + step, chunk->next); i++)
            prefetch_tile(images, dy, shape, chunk->tiles[chunk->count + i], block);
        sum = ADD(sum, load_gradient(images, dy, shape, chunk->tiles[t], block, d));
        if (step == 2 && t + 1 < chunk->count)
            sum = ADD(sum, load_gradient(images, dy, shape, chunk->tiles[t + 1], block, d2));
        else
            clear_points(d2);
        store_points(products, d, d2, m + t / step * lanes, stride);
    }
    return sum;
}

/// g[block][16 inputs][16 outputs] += v^T m of one point and some inputs, summed over `words`.
UNROLLED_BF16 void multiply_group(
    element products, int inputs, int blocks, const float *v, const float *m, ptrdiff_t block_words, ptrdiff_t words,
    _Bool adds, float *g) {
    vector sums[GROUP];
    UNROLL
    for (int b = 0; b < blocks; b++)
        UNROLL
        for (int k = 0; k < inputs; k++)
            sums[k * blocks + b] = adds ? _mm512_loadu_ps(g + (b * lanes + k) * lanes) : _mm512_setzero_ps();
    for (ptrdiff_t t = 0; t < words; t++) {
        vector gradients[2];
        UNROLL
        for (int b = 0; b < blocks; b++) gradients[b] = _mm512_loadu_ps(m + b * block_words + t * lanes);
        UNROLL
        for (int k = 0; k < inputs; k++) {
            const vector value = SPLAT(v[t * lanes + k]);
            UNROLL
            for (int b = 0; b < blocks; b++)
                sums[k * blocks + b] = accumulate(products, sums[k * blocks + b], value, gradients[b]);
        }
    }
    UNROLL
    for (int b = 0; b < blocks; b++)
        UNROLL
        for (int k = 0; k < inputs; k++) _mm512_storeu_ps(g + (b * lanes + k) * lanes, sums[k * blocks + b]);
}

/// Gradients of 3x3 weights of one block of inputs and of outputs from those at the points, `stride` floats apart.
AVX512 static void transform_sums(const float *g, ptrdiff_t stride, float *dkernel) {
    for (int k = 0; k < lanes; k++) {
        vector points[POINTS], rows[3][6], w[3];
        for (int p = 0; p < POINTS; p++) points[p] = _mm512_loadu_ps(g + p * stride + k * lanes);
        for (int j = 0; j < 6; j++) {
            kernel_gradient_from_points(points + j, 6, w);
            for (int i = 0; i < 3; i++) rows[i][j] = w[i];
        }
        for (int i = 0; i < 3; i++) {
            kernel_gradient_from_points(rows[i], 1, w);
            for (int j = 0; j < 3; j++) _mm512_storeu_ps(dkernel + ((i * 3 + j) * lanes + k) * lanes, w[j]);
        }
    }
}

/// Sums g[point][block][16 inputs][16 outputs] of one block of inputs and one or two of outputs.
UNROLLED_BF16 void multiply(
    element products, int blocks, const float *v, const float *m, ptrdiff_t stride, ptrdiff_t count, _Bool adds,
    float *g) {
    const ptrdiff_t words = (count + elements(products) - 1) / elements(products);
    const int inputs = GROUP / blocks;
    for (int p = 0; p < POINTS; p++)
        for (int k = 0; k < lanes; k += inputs)
            multiply_group(
                products, inputs, blocks, v + p * stride + k, m + p * stride, POINTS * stride, words,
                adds, g + (p * blocks * lanes + k) * lanes);
}

/// Of some of a group's blocks of outputs; kernel and bias are the group's.
UNROLLED_BF16 void kernel_gradient(
    const dptrain_winograd *s, ptrdiff_t group, dptrain_part part, element images, element products, const void *x,
    const void *dy, float *dkernel, float *dbias, float *scratch) {
    const plane input = input_plane(s, group), output = output_plane(s, group);
    const ptrdiff_t tiles = tile_count(s->samples, output), places = tiles_at_once(s);
    const ptrdiff_t stride = point_words(products, places), block_words = POINTS * stride;
    float *m = scratch, *v = m + 2 * block_words, *g = v + input.blocks * block_words;
    chunk chunk;
    for (ptrdiff_t first = 0; first < tiles; first += places) {
        find_tiles(output, first, places, tiles, &chunk);
        const _Bool adds = first > 0, ends = first + chunk.count == tiles;
        transform_inputs(images, products, x, input, &chunk, stride, v);
        for (ptrdiff_t o = part.first; o < part.end; o += 2) {
            const int blocks = (int)least(2, part.end - o);
            for (int b = 0; b < blocks; b++) {
                vector sum =
                    transform_gradients(images, products, dy, output, &chunk, stride, o + b, m + b * block_words);
                if (!dbias) continue;
                if (adds) sum = ADD(sum, _mm512_loadu_ps(dbias + (o + b) * lanes));
                _mm512_storeu_ps(dbias + (o + b) * lanes, sum);
            }
            for (ptrdiff_t c = 0; c < input.blocks; c++) {
                // If all tiles are one chunk, nothing need be kept.
                float *sums = adds || !ends ? g + ((o - part.first) * input.blocks + c * blocks) * POINTS * lanes * lanes : g;
                if (blocks == 2)
                    multiply(products, 2, v + c * block_words, m, stride, chunk.count, adds, sums);
                else
                    multiply(products, 1, v + c * block_words, m, stride, chunk.count, adds, sums);
                for (int b = 0; ends && b < blocks; b++)
                    transform_sums(
                        sums + b * lanes * lanes, blocks * lanes * lanes,
                        dkernel + ((o + b) * input.blocks + c) * 9 * lanes * lanes);
            }
        }
    }
}

ptrdiff_t dptrain_winograd_kernel_gradient_scratch(const dptrain_winograd *s) {
    const ptrdiff_t places = tiles_at_once(s);
    const _Bool isOnePart = tile_count(s->samples, output_plane(s, 0)) <= places;
    const ptrdiff_t sums = isOnePart ? 2 * lanes * lanes : s->inputs * s->outputs;
    return POINTS * (point_words(s->bf16_products ? BF16 : FP32, places) * (2 + s->inputs / lanes) + sums);
}

AVX512_BF16 static void group_kernel_gradient(
    const dptrain_winograd *s, ptrdiff_t group, dptrain_part blocks, const void *x, const void *dy, float *dkernel,
    float *dbias, float *scratch) {
    if (s->bf16_products)
        kernel_gradient(s, group, blocks, BF16, BF16, x, dy, dkernel, dbias, scratch);
    else if (s->bf16_images)
        kernel_gradient(s, group, blocks, BF16, FP32, x, dy, dkernel, dbias, scratch);
    else
        kernel_gradient(s, group, blocks, FP32, FP32, x, dy, dkernel, dbias, scratch);
}

void dptrain_winograd_kernel_gradient(
    const dptrain_winograd *s, dptrain_part blocks, const void *x, const void *dy, float *dkernel, float *dbias,
    float *scratch) {
    const ptrdiff_t of_group = s->outputs / lanes;
    for (ptrdiff_t group = 0; group < s->groups; group++) {
        const ptrdiff_t before = group * of_group;
        const dptrain_part own = {most(0, blocks.first - before), least(of_group, blocks.end - before)};
        if (own.first < own.end)
            group_kernel_gradient(
                s, group, own, x, dy, dkernel + group * 9 * s->inputs * s->outputs,
                dbias ? dbias + group * s->outputs : NULL, scratch);
    }
}
