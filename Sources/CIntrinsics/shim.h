#pragma once

/// The correctly rounded square root, without the errno that C's sqrtf (and so Swift's squareRoot) sets for negative
/// numbers: loops with this one become vector code, loops with that one stay scalar.
static inline float dptrain_square_root(float x) { return __builtin_elementwise_sqrt(x); }
