/// What functions of registers of LANES floats are made of. Included once for each width, by the loops that use them.

FIXED vector NAMED(all)(float value) { return (vector){0} + value; }

/// `a` where the mask is set, else `b`.
FIXED vector NAMED(pick)(words mask, vector a, vector b) {
    return NAMED(floats)((NAMED(bits)(a) & mask) | (NAMED(bits)(b) & ~mask));
}

/// exp(x) within 2e-7 of its value: 2^n times a polynomial in what is left of x (Cephes' coefficients). It does not go below
/// the smallest normal number.
FIXED vector NAMED(exponential)(vector x) {
    // Where comparisons with a NaN fail, it stays one.
    x = NAMED(pick)((words)(x < -87.3f), NAMED(all)(-87.3f), x);
    x = NAMED(pick)((words)(x > 88.3f), NAMED(all)(88.3f), x);
    // Adding and subtracting 3 · 2^22 rounds to a whole number.
    const vector n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    const vector r = x - n * 0.693359375f - n * -2.12194440e-4f;
    vector p = NAMED(all)(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    // n + 127, of a sum whose last bits are that, in the exponent's place.
    return p * NAMED(floats)(NAMED(bits)(n + (12582912.0f + 127.0f)) << 23);
}
