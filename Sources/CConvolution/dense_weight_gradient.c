/// The weight gradient of a dense layer, added over shards before it is written. A shard of few rows has little to compute, and
/// its gradient is as large as the weights: writing each, and adding them in memory, would take most of the time.

#include "include/dense.h"
#include "lanes.h"

typedef __m512 vector;

enum { INPUTS = 16 };

static inline __mmask16 lanes_up_to(ptrdiff_t count) {
    return count >= lanes ? 0xFFFF : (__mmask16)((1u << count) - 1);
}

/// The gradient of 16 inputs and 16 outputs of one shard.
UNROLLED void multiply(
    ptrdiff_t rows, ptrdiff_t x_stride, ptrdiff_t y_stride, const float *x, const float *dy, __mmask16 outputs,
    vector *g) {
    vector sums[INPUTS];
    UNROLL
    for (int k = 0; k < INPUTS; k++) sums[k] = _mm512_setzero_ps();
    for (ptrdiff_t r = 0; r < rows; r++) {
        const vector gradient = _mm512_maskz_loadu_ps(outputs, dy + r * y_stride);
        UNROLL
        for (int k = 0; k < INPUTS; k++)
            sums[k] = _mm512_fmadd_ps(_mm512_set1_ps(x[r * x_stride + k]), gradient, sums[k]);
    }
    UNROLL
    for (int k = 0; k < INPUTS; k++) g[k] = sums[k];
}

/// The same for fewer inputs.
AVX512 static void multiply_some(
    ptrdiff_t inputs, ptrdiff_t rows, ptrdiff_t x_stride, ptrdiff_t y_stride, const float *x, const float *dy,
    __mmask16 outputs, vector *g) {
    for (int k = 0; k < INPUTS; k++) {
        g[k] = _mm512_setzero_ps();
        for (ptrdiff_t r = 0; k < inputs && r < rows; r++)
            g[k] = _mm512_fmadd_ps(
                _mm512_set1_ps(x[r * x_stride + k]), _mm512_maskz_loadu_ps(outputs, dy + r * y_stride), g[k]);
    }
}

/// Weights that are larger than the second cache are better written past it.
AVX512 static void store(_Bool streams, float *place, vector value) {
    if (streams)
        _mm512_stream_ps(place, value);
    else
        _mm512_store_ps(place, value);
}

/// The sums over shards of 16 inputs and 16 outputs, on the stack of levels.
UNROLLED void add_shards(
    const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, ptrdiff_t input, ptrdiff_t output,
    __mmask16 outputs, vector stack[][INPUTS]) {
    const ptrdiff_t inputs = least(INPUTS, s->inputs - input);
    for (const dptrain_dense_shard *shard = shards; shard < shards + count; shard++) {
        ptrdiff_t top = shard->level;
        const float *x = shard->x + input, *dy = shard->dy + output;
        if (inputs == INPUTS)
            multiply(shard->rows, s->inputs, s->outputs, x, dy, outputs, stack[top]);
        else
            multiply_some(inputs, shard->rows, s->inputs, s->outputs, x, dy, outputs, stack[top]);
        for (ptrdiff_t n = 0; n < shard->additions; n++, top--)
            for (int k = 0; k < INPUTS; k++) stack[top - 1][k] = _mm512_add_ps(stack[top - 1][k], stack[top][k]);
    }
}

/// The same for 16 elements of the bias's gradient.
AVX512 static void add_biases(
    const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, ptrdiff_t output, __mmask16 outputs,
    vector *stack) {
    for (const dptrain_dense_shard *shard = shards; shard < shards + count; shard++) {
        ptrdiff_t top = shard->level;
        stack[top] = _mm512_setzero_ps();
        for (ptrdiff_t r = 0; r < shard->rows; r++)
            stack[top] = _mm512_add_ps(
                stack[top], _mm512_maskz_loadu_ps(outputs, shard->dy + r * s->outputs + output));
        for (ptrdiff_t n = 0; n < shard->additions; n++, top--) stack[top - 1] = _mm512_add_ps(stack[top - 1], stack[top]);
    }
}

AVX512 void dptrain_dense_weight_gradient(
    const dptrain_dense *s, const dptrain_dense_shard *shards, ptrdiff_t count, float *const *dkernels,
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
                add_shards(s, shards, count, group * INPUTS, output, outputs, stack);
                for (ptrdiff_t sum = 0; sum < sums; sum++)
                    for (int k = 0; k < INPUTS; k++)
                        store(
                            streams, dkernels[sum] + place + k * s->width,
                            _mm512_maskz_mov_ps(outputs, stack[sum][k]));
                if (!dbiases || group > 0) continue;
                add_biases(s, shards, count, output, outputs, biases);
                for (ptrdiff_t sum = 0; sum < sums; sum++)
                    _mm512_mask_storeu_ps(dbiases[sum] + output, outputs, biases[sum]);
            }
    if (streams) _mm_sfence();
}
