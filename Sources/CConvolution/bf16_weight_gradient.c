/// Weight gradients in bf16 for any kernel, stride, dilation and padding. For a pixel of the kernel they are a product of two
/// matrices over all pixels of the output: the inputs that it sees there, transposed, times the gradients. The processor's
/// instruction (vdpbf16ps) multiplies two pixels at a time, which must lie side by side: both matrices are first packed so, a
/// few hundred pixels at a time, and then stay in the cache while all channels meet.

#include "bf16_weight_gradient.h"
#include "lanes.h"

enum {
    /// Pixels of the output taken at a time; even.
    PIXELS = 512,
    /// Blocks of 16 input channels packed at a time: with as many pixels, a quarter of a megabyte.
    PANEL = 16,
};

/// A pair of pixels: for each of 16 channels the first's value and the second's, one register.
typedef uint32_t pair[lanes];

/// Where in an image (or in the gradient's) a pixel lies, in elements from the tensor's start and without the channels' block;
/// negative for zeros around it.
typedef ptrdiff_t place;

/// The output's pixels from `first` on, over all samples.
static void output_places(const dptrain_convolution *s, ptrdiff_t first, ptrdiff_t count, place *places) {
    const ptrdiff_t pixels = s->output_height * s->output_width;
    ptrdiff_t sample = first / pixels, pixel = first % pixels;
    for (ptrdiff_t i = 0; i < count; i++) {
        places[i] = (sample * s->outputs * pixels) + pixel * lanes;
        if (++pixel == pixels) sample++, pixel = 0;
    }
}

/// The inputs that pixel (i, j) of the kernel sees at the same outputs.
static void input_places(
    const dptrain_convolution *s, ptrdiff_t i, ptrdiff_t j, ptrdiff_t first, ptrdiff_t count, place *places) {
    const ptrdiff_t pixels = s->output_height * s->output_width;
    const ptrdiff_t image = s->inputs * s->input_height * s->input_width;
    ptrdiff_t sample = first / pixels, row = first % pixels / s->output_width, column = first % s->output_width;
    for (ptrdiff_t p = 0; p < count; p++) {
        const ptrdiff_t y = row * s->stride_height + i * s->step_height - s->padding_top;
        const ptrdiff_t x = column * s->stride_width + j * s->step_width - s->padding_left;
        const _Bool inside = y >= 0 && y < s->input_height && x >= 0 && x < s->input_width;
        places[p] = inside ? sample * image + (y * s->input_width + x) * lanes : -1;
        if (++column == s->output_width) {
            column = 0;
            if (++row == s->output_height) row = 0, sample++;
        }
    }
}

UNROLLED_BF16 __m256i pixel_at(const uint16_t *block, place at) {
    return at < 0 ? _mm256_setzero_si256() : _mm256_loadu_si256((const __m256i *)(block + at));
}

/// Packs one block of channels of `count` pixels in pairs; a missing last one is zero.
AVX512_BF16 static void pack(const uint16_t *block, const place *places, ptrdiff_t count, pair *pairs) {
    uint16_t order[2 * lanes];
    for (int c = 0; c < lanes; c++) order[2 * c] = c, order[2 * c + 1] = lanes + c;
    const __m512i interleaved = _mm512_loadu_si512(order);
    for (ptrdiff_t p = 0; p < count; p += 2) {
        __m512i both;
        if (p + 1 < count && places[p] >= 0 && places[p + 1] == places[p] + lanes) {
            both = _mm512_loadu_si512(block + places[p]);
        } else {
            const __m256i first = pixel_at(block, places[p]);
            const __m256i second = p + 1 < count ? pixel_at(block, places[p + 1]) : _mm256_setzero_si256();
            both = _mm512_inserti64x4(_mm512_castsi256_si512(first), second, 1);
        }
        _mm512_storeu_si512(pairs + p / 2, _mm512_permutexvar_epi16(interleaved, both));
    }
}

/// dkernel[block][row][16 outputs] = a^T b over `count` pairs, or += where it `adds`, for some inputs, the rows, and some blocks of
/// outputs, which are `block_stride` floats apart in the kernel's gradient and PIXELS / 2 pairs in b. There are 16 sums in
/// registers. Large kernels' gradients lie beyond the cache, so nothing is cleared first.
UNROLLED_BF16 void multiply(
    const pair *a, const pair *b, ptrdiff_t count, const int rows, const int blocks, _Bool adds, float *dkernel,
    ptrdiff_t block_stride) {
    __m512 sums[2][lanes];
    UNROLL for (int o = 0; o < blocks; o++)
        UNROLL for (int r = 0; r < rows; r++)
            sums[o][r] = adds ? _mm512_loadu_ps(dkernel + o * block_stride + r * lanes) : _mm512_setzero_ps();
    for (ptrdiff_t p = 0; p < count; p++) {
        __m512bh gradients[2];
        UNROLL for (int o = 0; o < blocks; o++)
            gradients[o] = (__m512bh)_mm512_loadu_si512(b + o * (PIXELS / 2) + p);
        UNROLL for (int r = 0; r < rows; r++) {
            const __m512bh input = (__m512bh)_mm512_set1_epi32(((const int *)(a + p))[r]);
            UNROLL for (int o = 0; o < blocks; o++) sums[o][r] = _mm512_dpbf16_ps(sums[o][r], input, gradients[o]);
        }
    }
    UNROLL for (int o = 0; o < blocks; o++)
        UNROLL for (int r = 0; r < rows; r++) _mm512_storeu_ps(dkernel + o * block_stride + r * lanes, sums[o][r]);
}

/// The products of one block of inputs with one block of outputs, or with two.
AVX512_BF16 static void multiply_one(const pair *a, const pair *b, ptrdiff_t count, _Bool adds, float *dkernel) {
    multiply(a, b, count, lanes, 1, adds, dkernel, 0);
}

AVX512_BF16 static void multiply_two(
    const pair *a, const pair *b, ptrdiff_t count, _Bool adds, float *dkernel, ptrdiff_t block_stride) {
    const pair *second_half = (const pair *)((const uint32_t *)a + lanes / 2);
    multiply(a, b, count, lanes / 2, 2, adds, dkernel, block_stride);
    multiply(second_half, b, count, lanes / 2, 2, adds, dkernel + lanes / 2 * lanes, block_stride);
}

/// Adds the gradients of `count` pixels, packed for a block of outputs, to the bias's: a pair times (1, 1).
AVX512_BF16 static void add_bias_gradient(const pair *b, ptrdiff_t count, float *dbias) {
    const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3F80);
    __m512 sum = _mm512_loadu_ps(dbias);
    for (ptrdiff_t p = 0; p < count; p++) sum = _mm512_dpbf16_ps(sum, ones, (__m512bh)_mm512_loadu_si512(b + p));
    _mm512_storeu_ps(dbias, sum);
}

ptrdiff_t dptrain_bf16_weight_gradient_scratch(const dptrain_convolution *s) {
    const ptrdiff_t blocks = s->outputs / lanes + least(PANEL, s->inputs / lanes);
    return blocks * (PIXELS / 2) * sizeof(pair) + PIXELS * sizeof(place);
}

AVX512_BF16 void dptrain_bf16_weight_gradient(
    const dptrain_convolution *s, dptrain_part part, const uint16_t *x, const uint16_t *dy, float *dkernel, float *dbias,
    void *scratch) {
    const ptrdiff_t pixels = s->output_height * s->output_width, total = s->samples * pixels;
    const ptrdiff_t input_blocks = s->inputs / lanes, output_blocks = part.end - part.first;
    const ptrdiff_t taps = s->kernel_height * s->kernel_width, tile = lanes * lanes;
    const ptrdiff_t output_stride = input_blocks * taps * tile;
    dy += part.first * pixels * lanes;
    dkernel += part.first * output_stride;
    if (dbias) dbias += part.first * lanes;
    pair *b = scratch, *a = b + output_blocks * (PIXELS / 2);
    place *places = (place *)(a + least(PANEL, input_blocks) * (PIXELS / 2));
    if (dbias)
        for (ptrdiff_t o = 0; o < output_blocks; o++) _mm512_storeu_ps(dbias + o * lanes, _mm512_setzero_ps());

    for (ptrdiff_t first = 0; first < total; first += PIXELS) {
        const ptrdiff_t count = least(PIXELS, total - first), pairs = (count + 1) / 2;
        output_places(s, first, count, places);
        for (ptrdiff_t o = 0; o < output_blocks; o++) {
            pack(dy + o * pixels * lanes, places, count, b + o * (PIXELS / 2));
            if (dbias) add_bias_gradient(b + o * (PIXELS / 2), pairs, dbias + o * lanes);
        }
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
            input_places(s, tap / s->kernel_width, tap % s->kernel_width, first, count, places);
            for (ptrdiff_t panel = 0; panel < input_blocks; panel += PANEL) {
                const ptrdiff_t blocks = least(PANEL, input_blocks - panel);
                for (ptrdiff_t i = 0; i < blocks; i++)
                    pack(
                        x + (panel + i) * s->input_height * s->input_width * lanes, places, count,
                        a + i * (PIXELS / 2));
                for (ptrdiff_t o = 0; o < output_blocks; o += 2)
                    for (ptrdiff_t i = 0; i < blocks; i++) {
                        float *target = dkernel + o * output_stride + ((panel + i) * taps + tap) * tile;
                        if (o + 1 < output_blocks)
                            multiply_two(a + i * (PIXELS / 2), b + o * (PIXELS / 2), pairs, first > 0, target, output_stride);
                        else
                            multiply_one(a + i * (PIXELS / 2), b + o * (PIXELS / 2), pairs, first > 0, target);
                    }
            }
        }
    }
}
