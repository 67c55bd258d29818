/// A register of LANES floats, and how blocks of channels are read and written. Included once for each width, by what includes
/// the loops over them; at the end `vector` and the other words are defined for that width.

/// Memory may be aligned like its elements only.
typedef float NAMED(vector) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint32_t NAMED(words) __attribute__((vector_size(4 * LANES), aligned(4)));
typedef uint16_t NAMED(halves) __attribute__((vector_size(2 * LANES), aligned(2)));
#define vector NAMED(vector)
#define words NAMED(words)
#define halves NAMED(halves)
#define FIXED static inline __attribute__((always_inline)) TARGET

FIXED vector NAMED(load)(const float *p) { return *(const vector *)p; }

/// The same number in all lanes, with its sign where it is zero.
FIXED vector NAMED(repeated)(float value) {
    vector result;
    for (int lane = 0; lane < LANES; lane++) result[lane] = value;
    return result;
}

/// `count` floats, or a register full of them; `fill` behind them.
FIXED vector NAMED(some)(const float *p, ptrdiff_t count, float fill) {
    if (count >= LANES) return NAMED(load)(p);
    vector result = NAMED(repeated)(fill);
    memcpy(&result, p, count * sizeof(float));
    return result;
}

FIXED void NAMED(store_some)(float *p, ptrdiff_t count, vector value) {
    if (count >= LANES) {
        *(vector *)p = value;
    } else {
        memcpy(p, &value, count * sizeof(float));
    }
}

/// The sum of the lanes, in a fixed order.
FIXED float NAMED(total)(vector v) {
    float sums[LANES];
    *(vector *)sums = v;
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) sums[i] += sums[i + half];
    return sums[0];
}

FIXED words NAMED(bits)(vector value) {
    words bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

FIXED vector NAMED(floats)(words bits) {
    vector value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

FIXED vector NAMED(widened)(const uint16_t *p) {
    return NAMED(floats)(__builtin_convertvector(*(const halves *)p, words) << 16);
}

/// Rounds to the nearest, of two equally near to the even one; a NaN stays one.
FIXED void NAMED(narrow)(uint16_t *p, vector value) {
    const words bits = NAMED(bits)(value);
    const words isNumber = (words)((bits & 0x7FFFFFFF) <= 0x7F800000);
    const words nearest = bits + 0x7FFF + (bits >> 16 & 1);
    *(halves *)p = __builtin_convertvector(((nearest & isNumber) | ((bits | 0x400000) & ~isNumber)) >> 16, halves);
}

/// Pixel `pixel` of a tensor.
FIXED vector NAMED(pixel_at)(_Bool bf16, const void *images, ptrdiff_t pixel) {
    return bf16 ? NAMED(widened)((const uint16_t *)images + pixel * LANES)
                : NAMED(load)((const float *)images + pixel * LANES);
}

FIXED void NAMED(store)(_Bool bf16, void *images, ptrdiff_t pixel, vector value) {
    if (bf16) {
        NAMED(narrow)((uint16_t *)images + pixel * LANES, value);
    } else {
        *(vector *)((float *)images + pixel * LANES) = value;
    }
}
