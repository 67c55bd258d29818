/// The kernels of Winograd's F(4x4, 3x3) at its 36 points: u[point][output block][words of inputs][16 outputs].

#include "winograd_tiles.h"

/// 3x3 weights of 16 outputs at all points.
UNROLLED void kernel_at_points(vector w[3][3], vector *u) {
    vector rows[6][3];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++) rows[i][j] = kernel_at_point(i, w[0][j], w[1][j], w[2][j]);
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++) u[i * 6 + j] = kernel_at_point(j, rows[i][0], rows[i][1], rows[i][2]);
}

/// The kernels of one input and one block of outputs. Turned, inputs and outputs are exchanged, and kernels turned by
/// half a circle.
UNROLLED void load_kernel(
    const dptrain_winograd *s, _Bool turned, const float *kernel, ptrdiff_t block, ptrdiff_t channel, vector *u) {
    const __m512i across = _mm512_mullo_epi32(
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32(lanes));
    const ptrdiff_t blocks = s->inputs / lanes, c = channel / lanes, k = channel % lanes;
    const float *from = turned ? kernel + (c * blocks + block) * 9 * lanes * lanes + k
                               : kernel + ((block * blocks + c) * 9 * lanes + k) * lanes;
    vector w[3][3];
    for (int i = 0; i < 9; i++)
        w[i / 3][i % 3] = turned ? _mm512_i32gather_ps(across, from + (8 - i) * lanes * lanes, 4)
                                 : _mm512_loadu_ps(from + i * lanes * lanes);
    kernel_at_points(w, u);
}

/// What is larger than the second cache is better written past it.
static _Bool exceeds_cache(const dptrain_winograd *s) { return s->groups * s->inputs * s->outputs > 128 * 128; }

UNROLLED_BF16 void transform_group(
    const dptrain_winograd *s, element products, _Bool turned, _Bool streams, const float *kernel, float *u) {
    const ptrdiff_t channels = turned ? s->outputs : s->inputs, blocks = (turned ? s->inputs : s->outputs) / lanes;
    const ptrdiff_t words = channels / elements(products);
    for (ptrdiff_t block = 0; block < blocks; block++)
        for (ptrdiff_t word = 0; word < words; word++) {
            vector points[POINTS], next[POINTS];
            load_kernel(s, turned, kernel, block, word * elements(products), points);
            if (products == BF16) load_kernel(s, turned, kernel, block, word * 2 + 1, next);
            float *out = u + (block * words + word) * lanes;
            for (int p = 0; p < POINTS; p++) {
                const vector value = products == BF16 ? paired(points[p], next[p]) : points[p];
                if (streams)
                    _mm512_stream_ps(out + p * blocks * words * lanes, value);
                else
                    _mm512_store_ps(out + p * blocks * words * lanes, value);
            }
        }
}

UNROLLED_BF16 void transform(
    const dptrain_winograd *s, element products, _Bool turned, _Bool streams, const float *kernel, float *u) {
    for (ptrdiff_t group = 0; group < s->groups; group++)
        transform_group(
            s, products, turned, streams, kernel + group * 9 * s->inputs * s->outputs, u + group * group_kernel_floats(s));
    if (streams) _mm_sfence();
}

UNROLLED_BF16 void transform_any(const dptrain_winograd *s, _Bool turned, const float *kernel, float *u) {
    // Constants: of one store or another, chosen by a variable, the compiler makes a plain one.
    if (exceeds_cache(s)) {
        if (s->bf16_products)
            transform(s, BF16, turned, 1, kernel, u);
        else
            transform(s, FP32, turned, 1, kernel, u);
    } else if (s->bf16_products) {
        transform(s, BF16, turned, 0, kernel, u);
    } else {
        transform(s, FP32, turned, 0, kernel, u);
    }
}

ptrdiff_t dptrain_winograd_kernel_floats(const dptrain_winograd *s) {
    return s->groups * group_kernel_floats(s);
}

AVX512_BF16 void dptrain_winograd_transform_kernels(const dptrain_winograd *s, const float *kernel, float *u) {
    transform_any(s, 0, kernel, u);
}

AVX512_BF16 void dptrain_winograd_transform_turned_kernels(const dptrain_winograd *s, const float *kernel, float *u) {
    transform_any(s, 1, kernel, u);
}
