/// The weight gradient of a dense layer, added over shards before it is written. A shard of few rows has little to compute, and
/// its gradient is as large as the weights: writing each, and adding them in memory, would take most of the time.

#include "include/dense.h"
#include "words.h"
#include <stdint.h>

enum { INPUTS = 16 };

static inline __mmask16 lanes_up_to(ptrdiff_t count) {
    return count >= lanes ? 0xFFFF : (__mmask16)((1u << count) - 1);
}

/// 16 outputs of a row from element `place` on, in the low halves of words; zeros where there is no such row.
UNROLLED_BF16 __m512i halves_of(const uint16_t *dy, ptrdiff_t place, __mmask16 outputs, _Bool is_row) {
    return is_row ? _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(outputs, dy + place)) : _mm512_setzero_si512();
}

/// 16 outputs of row `row`, or of it and the next one.
UNROLLED_BF16 vector outputs_at(
    element type, const dptrain_dense *s, const dptrain_dense_shard *shard, ptrdiff_t row, ptrdiff_t output,
    __mmask16 outputs) {
    const ptrdiff_t place = row * s->outputs + output;
    if (type == FP32) return _mm512_maskz_loadu_ps(outputs, (const float *)shard->dy + place);
    const __m512i first = halves_of(shard->dy, place, outputs, 1);
    const __m512i second = halves_of(shard->dy, place + s->outputs, outputs, row + 1 < shard->rows);
    return _mm512_castsi512_ps(_mm512_or_si512(first, _mm512_slli_epi32(second, 16)));
}

/// An input of the same rows, in all lanes.
UNROLLED_BF16 vector input_at(
    element type, const dptrain_dense *s, const dptrain_dense_shard *shard, ptrdiff_t row, ptrdiff_t input) {
    const ptrdiff_t place = row * s->inputs + input;
    if (type == FP32) return _mm512_set1_ps(((const float *)shard->x)[place]);
    const uint16_t *x = shard->x;
    const uint32_t second = row + 1 < shard->rows ? x[place + s->inputs] : 0;
    return _mm512_castsi512_ps(_mm512_set1_epi32((int)(x[place] | second << 16)));
}

/// The gradient of up to 16 inputs, from `input` on, and 16 outputs of one shard.
UNROLLED_BF16 void multiply(
    element type, ptrdiff_t inputs, const dptrain_dense *s, const dptrain_dense_shard *shard, ptrdiff_t input,
    ptrdiff_t output, __mmask16 outputs, vector *g) {
    vector sums[INPUTS];
    UNROLL
    for (int k = 0; k < INPUTS; k++) sums[k] = _mm512_setzero_ps();
    for (ptrdiff_t row = 0; row < shard->rows; row += elements(type)) {
        const vector gradient = outputs_at(type, s, shard, row, output, outputs);
        UNROLL
        for (int k = 0; k < INPUTS; k++)
            if (k < inputs) sums[k] = accumulate(type, sums[k], input_at(type, s, shard, row, input + k), gradient);
    }
    UNROLL
    for (int k = 0; k < INPUTS; k++) g[k] = sums[k];
}

/// Weights that are larger than the second cache are better written past it.
AVX512 static void store(_Bool streams, float *place, vector value) {
    if (streams)
        _mm512_stream_ps(place, value);
    else
        _mm512_store_ps(place, value);
}

/// The sums over shards of 16 inputs and 16 outputs, on the stack of levels.
UNROLLED_BF16 void add_shards(
    element type, const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, ptrdiff_t input,
    ptrdiff_t output, __mmask16 outputs, vector stack[][INPUTS]) {
    const ptrdiff_t inputs = s->inputs - input;
    for (const dptrain_dense_shard *shard = shards; shard < shards + count; shard++) {
        ptrdiff_t top = shard->level;
        // As a constant, the number of inputs leaves no condition in the loop.
        if (inputs >= INPUTS)
            multiply(type, INPUTS, s, shard, input, output, outputs, stack[top]);
        else
            multiply(type, inputs, s, shard, input, output, outputs, stack[top]);
        for (ptrdiff_t n = 0; n < shard->additions; n++, top--)
            for (int k = 0; k < INPUTS; k++) stack[top - 1][k] = _mm512_add_ps(stack[top - 1][k], stack[top][k]);
    }
}

/// The same for 16 elements of the bias's gradient. In bf16 they are products with ones, as oneDNN adds them.
UNROLLED_BF16 void add_biases(
    element type, const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, ptrdiff_t output,
    __mmask16 outputs, vector *stack) {
    const vector ones = type == FP32 ? _mm512_set1_ps(1) : _mm512_castsi512_ps(_mm512_set1_epi32(0x3F803F80));
    for (const dptrain_dense_shard *shard = shards; shard < shards + count; shard++) {
        ptrdiff_t top = shard->level;
        stack[top] = _mm512_setzero_ps();
        for (ptrdiff_t row = 0; row < shard->rows; row += elements(type))
            stack[top] = accumulate(type, stack[top], ones, outputs_at(type, s, shard, row, output, outputs));
        for (ptrdiff_t n = 0; n < shard->additions; n++, top--) stack[top - 1] = _mm512_add_ps(stack[top - 1], stack[top]);
    }
}

UNROLLED_BF16 void weight_gradient(
    element type, const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, float *const *dkernels,
    float *const *dbiases, ptrdiff_t sums) {
    const ptrdiff_t blocks = (s->outputs + s->width - 1) / s->width, groups = (s->inputs + INPUTS - 1) / INPUTS;
    const _Bool streams = s->inputs * s->outputs > 512 * 512;
    vector stack[dptrain_dense_levels][INPUTS], biases[dptrain_dense_levels];
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t group = 0; group < groups; group++)
            for (ptrdiff_t o = 0; o < s->width; o += lanes) {
                const ptrdiff_t place = ((block * groups + group) * INPUTS) * s->width + o;
                // Of a block without outputs nothing is read.
                const ptrdiff_t output = least(block * s->width + o, s->outputs);
                const __mmask16 outputs = lanes_up_to(s->outputs - output);
                add_shards(type, s, shards, count, group * INPUTS, output, outputs, stack);
                for (ptrdiff_t sum = 0; sum < sums; sum++)
                    for (int k = 0; k < INPUTS; k++)
                        store(
                            streams, dkernels[sum] + place + k * s->width,
                            _mm512_maskz_mov_ps(outputs, stack[sum][k]));
                if (!dbiases || group > 0) continue;
                add_biases(type, s, shards, count, output, outputs, biases);
                for (ptrdiff_t sum = 0; sum < sums; sum++)
                    _mm512_mask_storeu_ps(dbiases[sum] + output, outputs, biases[sum]);
            }
    if (streams) _mm_sfence();
}

AVX512_BF16 void dptrain_dense_weight_gradient(
    const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, float *const *dkernels,
    float *const *dbiases, ptrdiff_t sums) {
    if (s->bf16_rows)
        weight_gradient(BF16, s, shards, count, dkernels, dbiases, sums);
    else
        weight_gradient(FP32, s, shards, count, dkernels, dbiases, sums);
}
