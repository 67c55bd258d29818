#include "CTransforms.h"
#include <math.h>
#include <string.h>

static inline uint8_t clipped(int32_t value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

void dptrain_look_up(
    const uint8_t *tables, ptrdiff_t table_count, const uint8_t *input, ptrdiff_t count, uint8_t *output) {
    if (table_count == 1) {
        for (ptrdiff_t i = 0; i < count; i++) output[i] = tables[input[i]];
    } else if (table_count == 3) {
        for (ptrdiff_t i = 0; i < count; i += 3) {
            output[i] = tables[input[i]];
            output[i + 1] = tables[256 + input[i + 1]];
            output[i + 2] = tables[512 + input[i + 2]];
        }
    } else {
        for (ptrdiff_t i = 0; i < count; i += table_count)
            for (ptrdiff_t c = 0; c < table_count; c++) output[i + c] = tables[c * 256 + input[i + c]];
    }
}

void dptrain_histogram(const uint8_t *input, ptrdiff_t pixels, ptrdiff_t channels, uint32_t *counts) {
    memset(counts, 0, (size_t)channels * 256 * sizeof *counts);
    for (ptrdiff_t i = 0; i < pixels; i++)
        for (ptrdiff_t c = 0; c < channels; c++) counts[c * 256 + input[i * channels + c]]++;
}

static inline uint8_t luma(const uint8_t *pixel) {
    return (uint8_t)((pixel[0] * 19595u + pixel[1] * 38470u + pixel[2] * 7471u + 0x8000u) >> 16);
}

void dptrain_luma(const uint8_t *input, ptrdiff_t pixels, uint8_t *output) {
    for (ptrdiff_t i = 0; i < pixels; i++) output[i] = luma(input + 3 * i);
}

uint64_t dptrain_luma_sum(const uint8_t *input, ptrdiff_t pixels) {
    uint64_t sum = 0;
    for (ptrdiff_t i = 0; i < pixels; i++) sum += luma(input + 3 * i);
    return sum;
}

void dptrain_saturate(const uint8_t *input, ptrdiff_t pixels, int32_t factor, uint8_t *output) {
    for (ptrdiff_t i = 0; i < pixels; i++) {
        const int32_t grey = luma(input + 3 * i);
        for (int c = 0; c < 3; c++) {
            const int32_t difference = (input[3 * i + c] - grey) * factor;
            output[3 * i + c] = clipped(((grey << 16) + difference) >> 16);
        }
    }
}

void dptrain_sharpen(dptrain_image image, const uint8_t *input, int32_t factor, uint8_t *output) {
    const ptrdiff_t channels = image.channels, row_bytes = image.width * channels;
    memcpy(output, input, (size_t)(image.height * row_bytes));
    for (ptrdiff_t row = 1; row < image.height - 1; row++) {
        const uint8_t *middle = input + row * row_bytes;
        const uint8_t *above = middle - row_bytes, *below = middle + row_bytes;
        uint8_t *restrict out = output + row * row_bytes;
        for (ptrdiff_t i = channels; i < row_bytes - channels; i++) {
            const int32_t sum = above[i - channels] + above[i] + above[i + channels] + middle[i - channels]
                + 5 * middle[i] + middle[i + channels] + below[i - channels] + below[i] + below[i + channels];
            const int32_t smooth = (2 * sum + 13) / 26;
            out[i] = clipped(((smooth << 16) + (middle[i] - smooth) * factor) >> 16);
        }
    }
}

/// As torchvision turns it: with hue, saturation and value in single precision.
void dptrain_turn_hue(const uint8_t *input, ptrdiff_t pixels, float turns, uint8_t *output) {
    for (ptrdiff_t i = 0; i < pixels; i++) {
        const uint8_t *pixel = input + 3 * i;
        const float red = pixel[0] / 255.0f, green = pixel[1] / 255.0f, blue = pixel[2] / 255.0f;
        const float most = fmaxf(fmaxf(red, green), blue), least = fminf(fminf(red, green), blue);
        const float span = most - least;
        if (span == 0) {
            memcpy(output + 3 * i, pixel, 3);
            continue;
        }
        float sixths;
        if (most == red)
            sixths = (green - blue) / span;
        else if (most == green)
            sixths = 2 + (blue - red) / span;
        else
            sixths = 4 + (red - green) / span;
        float hue = sixths / 6 + turns;
        hue -= floorf(hue);
        const float place = hue * 6, sector = floorf(place), part = place - sector;
        const float saturation = span / most;
        const float p = most * (1 - saturation), q = most * (1 - saturation * part);
        const float t = most * (1 - saturation * (1 - part));
        float turned[3];
        switch ((int)sector % 6) {
        case 0: turned[0] = most, turned[1] = t, turned[2] = p; break;
        case 1: turned[0] = q, turned[1] = most, turned[2] = p; break;
        case 2: turned[0] = p, turned[1] = most, turned[2] = t; break;
        case 3: turned[0] = p, turned[1] = q, turned[2] = most; break;
        case 4: turned[0] = t, turned[1] = p, turned[2] = most; break;
        default: turned[0] = most, turned[1] = p, turned[2] = q;
        }
        for (int c = 0; c < 3; c++) output[3 * i + c] = clipped((int32_t)(turned[c] * 255 + 0.5f));
    }
}

/// The place that stands for one beyond a border, which is not repeated.
static ptrdiff_t mirrored(ptrdiff_t place, ptrdiff_t count) {
    return place < 0 ? -place : place >= count ? 2 * (count - 1) - place : place;
}

void dptrain_blur(
    dptrain_image image, const uint8_t *input, const uint32_t *weights, ptrdiff_t reach, uint16_t *scratch,
    uint8_t *output) {
    const ptrdiff_t channels = image.channels, row_bytes = image.width * channels;
    for (ptrdiff_t row = 0; row < image.height; row++) {
        const uint8_t *from = input + row * row_bytes;
        uint16_t *to = scratch + row * row_bytes;
        for (ptrdiff_t column = 0; column < image.width; column++) {
            const _Bool is_inside = column >= reach && column + reach < image.width;
            for (ptrdiff_t c = 0; c < channels; c++) {
                uint32_t sum = 0;
                for (ptrdiff_t k = -reach; k <= reach; k++) {
                    const ptrdiff_t place = is_inside ? column + k : mirrored(column + k, image.width);
                    sum += weights[k + reach] * from[place * channels + c];
                }
                to[column * channels + c] = (uint16_t)((sum + 128) >> 8);
            }
        }
    }
    for (ptrdiff_t row = 0; row < image.height; row++)
        for (ptrdiff_t begin = 0; begin < row_bytes; begin += 64) {
            // So many columns at a time, which vectors hold.
            uint32_t sums[64];
            const ptrdiff_t count = row_bytes - begin < 64 ? row_bytes - begin : 64;
            for (ptrdiff_t i = 0; i < 64; i++) sums[i] = 1u << 23;
            for (ptrdiff_t k = -reach; k <= reach; k++) {
                const uint16_t *from = scratch + mirrored(row + k, image.height) * row_bytes + begin;
                for (ptrdiff_t i = 0; i < count; i++) sums[i] += weights[k + reach] * from[i];
            }
            for (ptrdiff_t i = 0; i < count; i++) output[row * row_bytes + begin + i] = (uint8_t)(sums[i] >> 24);
        }
}

void dptrain_mix_bytes(const uint8_t *first, const uint8_t *second, ptrdiff_t count, uint32_t share, uint8_t *output) {
    for (ptrdiff_t i = 0; i < count; i++)
        output[i] = (uint8_t)((first[i] * share + second[i] * (65536 - share) + 0x8000) >> 16);
}
