#pragma once
#include "include/winograd.h"
#include "winograd_points.h"

/// Tiles of images.

// MARK: Images

/// A group's channels of images in blocks of 16, and the zeros above and left of them.
typedef struct {
    ptrdiff_t blocks, height, width, top, left;
    /// The group's first block, and the blocks of all groups.
    ptrdiff_t first, all;
} plane;

typedef struct {
    ptrdiff_t sample, y, x;
} tile_position;

UNROLLED_BF16 vector load_lanes(element type, const void *images, ptrdiff_t pixel) {
    if (type == FP32) return _mm512_loadu_ps((const float *)images + pixel * lanes);
    const __m256i halves = _mm256_loadu_si256((const __m256i *)images + pixel);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

/// Rounds to the nearest, ties to even.
UNROLLED_BF16 void store_lanes(element type, void *images, ptrdiff_t pixel, vector value) {
    if (type == FP32)
        _mm512_storeu_ps((float *)images + pixel * lanes, value);
    else
        _mm256_storeu_si256((__m256i *)images + pixel, (__m256i)_mm512_cvtneps_pbh(value));
}

static inline ptrdiff_t first_pixel(plane shape, ptrdiff_t sample, ptrdiff_t block) {
    return (sample * shape.all + shape.first + block) * shape.height * shape.width;
}

static inline ptrdiff_t tiles_across(ptrdiff_t pixels) { return (pixels + 3) / 4; }

static inline ptrdiff_t tile_count(ptrdiff_t samples, plane output) {
    return samples * tiles_across(output.height) * tiles_across(output.width);
}

/// Tiles that go through the stages together.
typedef struct {
    /// How many there are, and how many the next chunk has, whose positions follow.
    ptrdiff_t count, next;
    tile_position tiles[512];
} chunk;

/// The `most` tiles of outputs from `first` on, at most 256, or what is left of `all`.
static inline void find_tiles(plane output, ptrdiff_t first, ptrdiff_t most, ptrdiff_t all, chunk *chunk) {
    const ptrdiff_t across = tiles_across(output.width), down = tiles_across(output.height);
    chunk->count = least(most, all - first);
    chunk->next = least(most, all - first - chunk->count);
    tile_position tile = {first / (across * down), first / across % down * 4, first % across * 4};
    for (ptrdiff_t t = 0; t < chunk->count + chunk->next; t++) {
        chunk->tiles[t] = tile;
        if ((tile.x += 4) < output.width) continue;
        tile.x = 0;
        if ((tile.y += 4) < output.height) continue;
        tile.y = 0;
        tile.sample++;
    }
}

/// Reads `size` x `size` pixels of one block of channels; what lies outside the image is zero.
UNROLLED_BF16 void load_patch(
    element type, const void *images, plane shape, ptrdiff_t sample, ptrdiff_t block, ptrdiff_t y0, ptrdiff_t x0,
    int size, vector *patch) {
    const ptrdiff_t corner = first_pixel(shape, sample, block) + y0 * shape.width + x0;
    if (y0 >= 0 && x0 >= 0 && y0 + size <= shape.height && x0 + size <= shape.width) {
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++) patch[i * 6 + j] = load_lanes(type, images, corner + i * shape.width + j);
        return;
    }
    for (int i = 0; i < size; i++) {
        const _Bool has_row = y0 + i >= 0 && y0 + i < shape.height;
        for (int j = 0; j < size; j++)
            patch[i * 6 + j] = has_row && x0 + j >= 0 && x0 + j < shape.width
                                   ? load_lanes(type, images, corner + i * shape.width + j)
                                   : _mm512_setzero_ps();
    }
}

/// Asks for the pixels of a tile that will be read, or written, a stage later: without it, images larger than the cache
/// take half as long again.
UNROLLED_BF16 void prefetch_tile(
    element type, const void *images, plane shape, tile_position tile, ptrdiff_t block) {
    const ptrdiff_t pixel_bytes = type == FP32 ? 64 : 32;
    const char *image = (const char *)images + first_pixel(shape, tile.sample, block) * pixel_bytes;
    for (ptrdiff_t i = tile.y; i < least(tile.y + 4, shape.height); i++)
        for (ptrdiff_t j = tile.x; j < least(tile.x + 4, shape.width); j += elements(type))
            __builtin_prefetch(image + (i * shape.width + j) * pixel_bytes, 1, 2);
}

/// The tile of inputs of one block of channels, transformed.
UNROLLED_BF16 void load_input(
    element type, const void *x, plane shape, tile_position tile, ptrdiff_t block, vector *d) {
    load_patch(type, x, shape, tile.sample, block, tile.y - shape.top, tile.x - shape.left, 6, d);
    for (int j = 0; j < 6; j++) transform_input(d + j, 6);
    for (int i = 0; i < 6; i++) transform_input(d + i * 6, 1);
}

UNROLLED void clear_points(vector *d) {
    for (int p = 0; p < POINTS; p++) d[p] = _mm512_setzero_ps();
}

// MARK: Shapes

/// Floats of a group's transformed kernels.
static inline ptrdiff_t group_kernel_floats(const dptrain_winograd *s) {
    return POINTS * s->inputs * s->outputs / (s->bf16_products ? 2 : 1);
}

static inline plane input_plane(const dptrain_winograd *s, ptrdiff_t group) {
    const ptrdiff_t blocks = s->inputs / lanes;
    return (plane){blocks, s->input_height, s->input_width, s->padding_top, s->padding_left, group * blocks, s->groups * blocks};
}

/// As the input of its gradient's convolution, an output has the padding that is left of the kernel's size.
static inline plane output_plane(const dptrain_winograd *s, ptrdiff_t group) {
    const ptrdiff_t blocks = s->outputs / lanes;
    return (plane){
        blocks, s->output_height, s->output_width, 2 - s->padding_top, 2 - s->padding_left, group * blocks,
        s->groups * blocks};
}
