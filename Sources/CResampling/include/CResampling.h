#pragma once
#include <stddef.h>
#include <stdint.h>

/// The two passes of resizing in vector code: along rows, and across them, with bytes in between. Sums are integers
/// of 32 bits, so all instruction sets give the same bytes. Functions run on one thread.

enum {
    /// Bits of fraction of a coefficient, as in Pillow.
    dptrain_resampling_fraction = 22,
    /// The number of coefficients of each output is a multiple of this; the last ones may be zero.
    dptrain_resampling_group = 4,
};

/// What each output along an axis is made of: of `counts[i]` inputs from `firsts[i]` on. Its coefficients begin at
/// `i * most` in `coefficients`, where zeros follow them, and at `i * most / 2` in the others, which hold them in pairs:
/// 16 bits of one and 16 bits of the next. A coefficient is 65,536 times its high part plus its low one, both signed.
typedef struct {
    ptrdiff_t outputs, most;
    const int32_t *firsts, *counts, *coefficients, *low_pairs, *high_pairs;
} dptrain_resampling_axis;

/// Resizes rows of `width` pixels with 1 or 3 channels. It is faster if rows of the output are longer than their pixels.
void dptrain_resample_rows(
    const dptrain_resampling_axis *axis, const uint8_t *input, ptrdiff_t row_bytes, ptrdiff_t width, int channels,
    ptrdiff_t rows, uint8_t *output, ptrdiff_t output_row_bytes, _Bool has_avx2);

/// Resizes columns of bytes: output row i is made of the input's rows. `is_padded`: 16 bytes may be read from any byte of a row.
void dptrain_resample_columns(
    const dptrain_resampling_axis *axis, const uint8_t *input, ptrdiff_t row_bytes, ptrdiff_t columns, uint8_t *output,
    _Bool is_padded, _Bool has_avx2);
