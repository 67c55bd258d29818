#pragma once
#include <immintrin.h>

/// What the files of vector code share.

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
/// For bodies of loops whose sizes are constants where they are called: only then are arrays of registers registers.
#define UNROLLED static inline __attribute__((always_inline)) AVX512
/// Before a loop over registers that the compiler would else leave a loop, and the registers memory.
#define UNROLL _Pragma("clang loop unroll(full)")

enum { lanes = 16 };

static inline long least(long a, long b) { return a < b ? a : b; }
static inline long most(long a, long b) { return a > b ? a : b; }

/// The pixels of a window, along one axis, that are in the image.
typedef struct {
    long first, end;
} window_range;

/// `start` is where in the image the window begins, which may be before it.
static inline window_range inside(long start, long window, long image) {
    return (window_range){most(0, -start), least(window, image - start)};
}
