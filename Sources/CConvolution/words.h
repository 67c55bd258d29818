#pragma once
#include "lanes.h"

/// Words of 32 bits, of which products are made: one float, or two bf16 whose products are added.

typedef __m512 vector;

/// One source serves both types: `element` is a constant wherever it is passed on.
typedef enum { FP32, BF16 } element;

UNROLLED_BF16 vector accumulate(element type, vector sum, vector a, vector b) {
    return type == FP32 ? _mm512_fmadd_ps(a, b, sum) : _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

/// How many elements one word has.
static inline int elements(element type) { return type == FP32 ? 1 : 2; }

/// Words of 16 elements of `even`, each with that of `odd`.
UNROLLED_BF16 vector paired(vector even, vector odd) {
    const __m512i order = _mm512_set_epi16(
        31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,  //
        23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(odd, even)));
}
