#pragma once
#include "words.h"

/// The transforms of Winograd's F(4, 3), one-dimensional: to and from the values of polynomials at six points.
/// Elements are `stride` vectors apart; a vector is 16 channels of a pixel. Twice, over rows and columns, they are
/// those of F(4x4, 3x3).

enum { POINTS = 36 };

/// The points where the polynomials are evaluated are 0, +-A, +-B and infinity. These two halve the rounding
/// errors of the usual 1 and 2 (docs/numerics.md).
static const float A = 0.625f, B = 1.5f;

#define SPLAT(x) _mm512_set1_ps(x)
#define FMA(x, y, z) _mm512_fmadd_ps(x, y, z)
#define FNMA(x, y, z) _mm512_fnmadd_ps(x, y, z)
#define ADD(x, y) _mm512_add_ps(x, y)
#define SUB(x, y) _mm512_sub_ps(x, y)
#define MUL(x, y) _mm512_mul_ps(x, y)

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
