/// The loops of attention.c for registers of LANES floats. Included once for each width (each_width.h).

#include "exponential_lanes.h"

/// Columns `first` to `first + columns` of a matrix of `rows` rows, one row after the other, with zeros behind each.
TARGET static void NAMED(pack)(
    matrix m, ptrdiff_t rows, ptrdiff_t first, ptrdiff_t columns, ptrdiff_t width, float *to) {
    const float *from = m.values + first * m.across;
    for (ptrdiff_t row = 0; row < rows; row++) {
        float *line = to + row * width;
        if (m.across == 1) memcpy(line, from + row * m.down, columns * sizeof(float));
        memset(line + columns, 0, (width - columns) * sizeof(float));
    }
    if (m.across == 1) return;
    for (ptrdiff_t column = 0; column < columns; column++)
        for (ptrdiff_t row = 0; row < rows; row++)
            to[row * width + column] = from[row * m.down + column * m.across];
}

/// `rows` rows of a product, from the columns that `vectors` registers hold. `inner` is the length of the sums.
FIXED void NAMED(tile)(
    const int rows, const int vectors, ptrdiff_t inner, matrix a, const float *packed, float factor, float *c,
    ptrdiff_t c_down, ptrdiff_t columns) {
    vector sums[rows][vectors];
    const vector none = {0};
    _Pragma("clang loop unroll(full)") for (int row = 0; row < rows; row++)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++) sums[row][v] = none;
    for (ptrdiff_t i = 0; i < inner; i++) {
        const float *x = a.values + i * a.across;
        vector y[vectors];
        _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++)
            y[v] = NAMED(load)(packed + (i * vectors + v) * LANES);
        _Pragma("clang loop unroll(full)") for (int row = 0; row < rows; row++)
            _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++)
                sums[row][v] += NAMED(all)(x[row * a.down]) * y[v];
    }
    _Pragma("clang loop unroll(full)") for (int row = 0; row < rows; row++)
        _Pragma("clang loop unroll(full)") for (int v = 0; v < vectors; v++)
            NAMED(store_some)(c + row * c_down + v * LANES, columns - v * LANES, factor * sums[row][v]);
}

FIXED void NAMED(panel)(
    const int vectors, ptrdiff_t rows, ptrdiff_t inner, matrix a, const float *packed, float factor, float *c,
    ptrdiff_t c_down, ptrdiff_t columns) {
    ptrdiff_t done = 0;
#define TILES(count)                                                                                                  \
    for (; rows - done >= count; done += count)                                                                       \
        NAMED(tile)(                                                                                                  \
            count, vectors, inner, (matrix){a.values + done * a.down, a.down, a.across}, packed, factor,              \
            c + done * c_down, c_down, columns);
    TILES(6)
    TILES(4)
    TILES(2)
    TILES(1)
#undef TILES
}

/// c = factor · a b, of `rows` x `inner` and `inner` x `columns` numbers; rows of c are `c_down` floats apart.
TARGET static void NAMED(product)(
    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t inner, matrix a, matrix b, float factor, float *c, ptrdiff_t c_down,
    float *packed) {
    for (ptrdiff_t first = 0; first < columns; first += VECTORS * LANES) {
        const ptrdiff_t count = least(columns - first, VECTORS * LANES), vectors = (count + LANES - 1) / LANES;
        NAMED(pack)(b, inner, first, count, vectors * LANES, packed);
        switch (vectors) {
#if LANES == 16
            case 4: NAMED(panel)(4, rows, inner, a, packed, factor, c + first, c_down, count); break;
            case 3: NAMED(panel)(3, rows, inner, a, packed, factor, c + first, c_down, count); break;
#endif
            case 2: NAMED(panel)(2, rows, inner, a, packed, factor, c + first, c_down, count); break;
            default: NAMED(panel)(1, rows, inner, a, packed, factor, c + first, c_down, count);
        }
    }
}

FIXED float NAMED(sum_of_lanes)(vector x) {
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) sum += x[lane];
    return sum;
}

/// Of a row, in place. A NaN makes all of it NaN.
TARGET static void NAMED(softmax)(float *row, ptrdiff_t count) {
    vector largest = NAMED(all)(-INFINITY);
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const vector x = NAMED(some)(row + i, count - i, -INFINITY);
        largest = NAMED(pick)((words)(x > largest), x, largest);
    }
    float top = largest[0];
    for (int lane = 1; lane < LANES; lane++) top = largest[lane] > top ? largest[lane] : top;
    vector sums = {0};
    for (ptrdiff_t i = 0; i < count; i += LANES) {
        const vector e = NAMED(exponential)(NAMED(some)(row + i, count - i, top) - top);
        NAMED(store_some)(row + i, count - i, e);
        sums += NAMED(some)(row + i, count - i, 0);
    }
    const float factor = 1 / NAMED(sum_of_lanes)(sums);
    for (ptrdiff_t i = 0; i < count; i += LANES)
        NAMED(store_some)(row + i, count - i, factor * NAMED(some)(row + i, count - i, 0));
}

/// dx = scale · y (dy - Σ dy y), where y is the softmax of a row.
TARGET static void NAMED(softmax_gradient)(
    const float *y, const float *dy, ptrdiff_t count, float scale, float *dx) {
    vector sums = {0};
    for (ptrdiff_t i = 0; i < count; i += LANES)
        sums += NAMED(some)(y + i, count - i, 0) * NAMED(some)(dy + i, count - i, 0);
    const float sum = NAMED(sum_of_lanes)(sums);
    for (ptrdiff_t i = 0; i < count; i += LANES)
        NAMED(store_some)(
            dx + i, count - i,
            scale * NAMED(some)(y + i, count - i, 0) * (NAMED(some)(dy + i, count - i, 0) - sum));
}

TARGET static void NAMED(weights)(
    const dptrain_attention *s, dptrain_part heads, const float *query, const float *key, float *weights, float *scratch) {
    for (ptrdiff_t head = heads.first; head < heads.end; head++) {
        float *own = weights + weights_at(s, head);
        NAMED(product)(
            s->queries, s->places, s->width, of_places(s, query + head_at(s, head, s->queries)),
            transposed(of_places(s, key + head_at(s, head, s->places))), s->scale, own, s->places, scratch);
        for (ptrdiff_t place = 0; place < s->queries; place++) NAMED(softmax)(own + place * s->places, s->places);
    }
}

TARGET static void NAMED(weights_gradient)(
    const dptrain_attention *s, dptrain_part heads, const float *query, const float *key, const float *weights,
    const float *dweights, float *dquery, float *dkey, float *scratch) {
    float *before = scratch + packed_floats(s);
    for (ptrdiff_t head = heads.first; head < heads.end; head++) {
        const ptrdiff_t own = weights_at(s, head);
        const ptrdiff_t queries = head_at(s, head, s->queries), places = head_at(s, head, s->places);
        for (ptrdiff_t row = 0; row < s->queries * s->places; row += s->places)
            NAMED(softmax_gradient)(weights + own + row, dweights + own + row, s->places, s->scale, before + row);
        if (dquery)
            NAMED(product)(
                s->queries, s->width, s->places, of_queries(s, before), of_places(s, key + places), 1,
                dquery + queries, stride(s), scratch);
        if (dkey)
            NAMED(product)(
                s->places, s->width, s->queries, transposed(of_queries(s, before)), of_places(s, query + queries), 1,
                dkey + places, stride(s), scratch);
    }
}

TARGET static void NAMED(sum)(
    const dptrain_attention *s, dptrain_part heads, const float *weights, const float *values, float *y, float *scratch) {
    for (ptrdiff_t head = heads.first; head < heads.end; head++)
        NAMED(product)(
            s->queries, s->width, s->places, of_queries(s, weights + weights_at(s, head)),
            of_places(s, values + head_at(s, head, s->places)), 1, y + head_at(s, head, s->queries), stride(s), scratch);
}

TARGET static void NAMED(sum_gradient)(
    const dptrain_attention *s, dptrain_part heads, const float *weights, const float *values, const float *dy,
    float *dweights, float *dvalues, float *scratch) {
    for (ptrdiff_t head = heads.first; head < heads.end; head++) {
        const ptrdiff_t own = weights_at(s, head), places = head_at(s, head, s->places);
        const matrix gradient = of_places(s, dy + head_at(s, head, s->queries));
        if (dweights)
            NAMED(product)(
                s->queries, s->places, s->width, gradient, transposed(of_places(s, values + places)), 1,
                dweights + own, s->places, scratch);
        if (dvalues)
            NAMED(product)(
                s->places, s->width, s->queries, transposed(of_queries(s, weights + own)), gradient, 1,
                dvalues + places, stride(s), scratch);
    }
}
