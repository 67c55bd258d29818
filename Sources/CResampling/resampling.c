#include "CResampling.h"
#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

enum { fraction = dptrain_resampling_fraction, group = dptrain_resampling_group };
static const int32_t half = 1 << (fraction - 1);

static uint8_t clipped(int32_t sum) {
    const int32_t value = sum >> fraction;
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/// Outputs `begin..<end` of a row, one by one.
static void resample_row(
    const dptrain_resampling_axis *axis, const uint8_t *input, int channels, ptrdiff_t begin, ptrdiff_t end,
    uint8_t *output) {
    for (ptrdiff_t i = begin; i < end; i++) {
        const int32_t *coefficients = axis->coefficients + i * axis->most;
        const uint8_t *first = input + (ptrdiff_t)axis->firsts[i] * channels;
        for (int c = 0; c < channels; c++) {
            int32_t sum = half;
            for (ptrdiff_t k = 0; k < axis->counts[i]; k++) sum += coefficients[k] * first[k * channels + c];
            output[i * channels + c] = clipped(sum);
        }
    }
}

/// The sums of products with the low parts of coefficients, and with the high parts.
typedef struct {
    __m256i low, high;
} sums;

AVX2 static inline sums add_pairs(sums s, __m256i values, int32_t low, int32_t high) {
    s.low = _mm256_add_epi32(s.low, _mm256_madd_epi16(values, _mm256_set1_epi32(low)));
    s.high = _mm256_add_epi32(s.high, _mm256_madd_epi16(values, _mm256_set1_epi32(high)));
    return s;
}

AVX2 static inline __m256i shifted(sums s) {
    const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(s.high, 16), s.low);
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(half)), fraction);
}

static inline void store_pixel(uint8_t *output, __m128i bytes) {
    const int32_t pixel = _mm_cvtsi128_si32(bytes);
    memcpy(output, &pixel, sizeof pixel);
}

/// The first `end` outputs of two rows of RGB, one in each half of a register. 16 bytes are read for each four pixels, and 4
/// written for each one.
AVX2 static void resample_two_rgb_rows(
    const dptrain_resampling_axis *axis, const uint8_t *upper, const uint8_t *lower, ptrdiff_t end,
    uint8_t *upper_output, uint8_t *lower_output) {
    // Red of two neighbours, green of them, blue of them, as 16 bits each.
    const __m256i front = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i back = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    for (ptrdiff_t i = 0; i < end; i++) {
        const int32_t *low = axis->low_pairs + i * axis->most / 2, *high = axis->high_pairs + i * axis->most / 2;
        const ptrdiff_t first = 3 * (ptrdiff_t)axis->firsts[i];
        sums s = {_mm256_setzero_si256(), _mm256_setzero_si256()};
        for (ptrdiff_t k = 0; k < axis->counts[i]; k += group) {
            const __m128i above = _mm_loadu_si128((const __m128i *)(upper + first + 3 * k));
            const __m128i below = _mm_loadu_si128((const __m128i *)(lower + first + 3 * k));
            const __m256i pixels = _mm256_inserti128_si256(_mm256_castsi128_si256(above), below, 1);
            s = add_pairs(s, _mm256_shuffle_epi8(pixels, front), low[k / 2], high[k / 2]);
            s = add_pairs(s, _mm256_shuffle_epi8(pixels, back), low[k / 2 + 1], high[k / 2 + 1]);
        }
        const __m256i words = _mm256_packs_epi32(shifted(s), _mm256_setzero_si256());
        const __m256i bytes = _mm256_packus_epi16(words, words);
        store_pixel(upper_output + 3 * i, _mm256_castsi256_si128(bytes));
        store_pixel(lower_output + 3 * i, _mm256_extracti128_si256(bytes, 1));
    }
}

/// How many outputs, from the first one on, read no byte beyond a row of `width` pixels.
static ptrdiff_t outputs_inside(const dptrain_resampling_axis *axis, ptrdiff_t width) {
    for (ptrdiff_t i = 0; i < axis->outputs; i++) {
        const ptrdiff_t groups = (axis->counts[i] + group - 1) / group;
        if (3 * (axis->firsts[i] + (groups - 1) * group) + 16 > 3 * width) return i;
    }
    return axis->outputs;
}

void dptrain_resample_rows(
    const dptrain_resampling_axis *axis, const uint8_t *input, ptrdiff_t row_bytes, ptrdiff_t width, int channels,
    ptrdiff_t rows, uint8_t *output, ptrdiff_t output_row_bytes, _Bool has_avx2) {
    ptrdiff_t inside = has_avx2 && channels == 3 ? outputs_inside(axis, width) : 0;
    // The byte after the last pixel may be another row's.
    if (output_row_bytes == channels * axis->outputs && inside == axis->outputs) inside--;
    if (inside > 0)
        for (ptrdiff_t row = 0; row < rows; row += 2) {
            const ptrdiff_t next = row + 1 < rows ? row + 1 : row;
            resample_two_rgb_rows(
                axis, input + row * row_bytes, input + next * row_bytes, inside, output + row * output_row_bytes,
                output + next * output_row_bytes);
        }
    for (ptrdiff_t row = 0; row < rows; row++)
        resample_row(axis, input + row * row_bytes, channels, inside, axis->outputs, output + row * output_row_bytes);
}

/// Columns `begin..<end` of output row i, one by one.
static void resample_columns(
    const dptrain_resampling_axis *axis, ptrdiff_t i, const uint8_t *first, ptrdiff_t row_bytes, ptrdiff_t begin,
    ptrdiff_t end, uint8_t *output) {
    const int32_t *coefficients = axis->coefficients + i * axis->most;
    for (ptrdiff_t x = begin; x < end; x++) {
        int32_t sum = half;
        for (ptrdiff_t k = 0; k < axis->counts[i]; k++) sum += coefficients[k] * first[k * row_bytes + x];
        output[x] = clipped(sum);
    }
}

/// The first `columns` of output row i, 16 at a time. The last 16 may reach beyond them.
AVX2 static void resample_columns_avx2(
    const dptrain_resampling_axis *axis, ptrdiff_t i, const uint8_t *first, ptrdiff_t row_bytes, ptrdiff_t columns,
    uint8_t *output) {
    const int32_t *low = axis->low_pairs + i * axis->most / 2, *high = axis->high_pairs + i * axis->most / 2;
    const ptrdiff_t count = axis->counts[i];
    for (ptrdiff_t x = 0; x < columns; x += 16) {
        sums left = {_mm256_setzero_si256(), _mm256_setzero_si256()}, right = left;
        for (ptrdiff_t k = 0; k < count; k += 2) {
            const uint8_t *row = first + k * row_bytes + x;
            const __m128i above = _mm_loadu_si128((const __m128i *)row);
            // After the last row comes a zero coefficient.
            const __m128i below = _mm_loadu_si128((const __m128i *)(k + 1 < count ? row + row_bytes : row));
            left = add_pairs(left, _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(above, below)), low[k / 2], high[k / 2]);
            right = add_pairs(right, _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(above, below)), low[k / 2], high[k / 2]);
        }
        // Packing works on halves of registers, and leaves 8 values of each output in the order 0, 2, 1, 3.
        const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(shifted(left), shifted(right)), 0xD8);
        const __m128i bytes =
            _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        if (x + 16 <= columns) {
            _mm_storeu_si128((__m128i *)(output + x), bytes);
        } else {
            uint8_t last[16];
            _mm_storeu_si128((__m128i *)last, bytes);
            memcpy(output + x, last, columns - x);
        }
    }
}

void dptrain_resample_columns(
    const dptrain_resampling_axis *axis, const uint8_t *input, ptrdiff_t row_bytes, ptrdiff_t columns, uint8_t *output,
    _Bool is_padded, _Bool has_avx2) {
    const ptrdiff_t vectors = !has_avx2 ? 0 : is_padded ? columns : columns / 16 * 16;
    for (ptrdiff_t i = 0; i < axis->outputs; i++) {
        const uint8_t *first = input + axis->firsts[i] * row_bytes;
        if (vectors > 0) resample_columns_avx2(axis, i, first, row_bytes, vectors, output + i * columns);
        resample_columns(axis, i, first, row_bytes, vectors, columns, output + i * columns);
    }
}
