/// Includes LOOPS, loops over registers, for registers of 8 floats in AVX2 and of 16 in AVX-512. Names that it writes as
/// NAMED(name) end in `_avx2` and `_avx512`.

/// Planes of some blocks, sample by sample.
#define FOR_PLANES(plane, s, part)                                                                                    \
    for (ptrdiff_t sample = 0; sample < (s)->samples; sample++)                                                      \
        for (ptrdiff_t plane = sample * (s)->blocks + (part).first; plane < sample * (s)->blocks + (part).end; plane++)

#define NAME_(name, suffix) name##_##suffix
#define NAME_OF(name, suffix) NAME_(name, suffix)
#define NAMED(name) NAME_OF(name, SUFFIX)

#define LANES 8
#define SUFFIX avx2
#define TARGET __attribute__((target("avx2,fma")))
#include "blocks_lanes.h"
#include LOOPS
#undef LANES
#undef SUFFIX
#undef TARGET
#undef vector
#undef words
#undef halves
#undef FIXED

#define LANES 16
#define SUFFIX avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#include "blocks_lanes.h"
#include LOOPS
