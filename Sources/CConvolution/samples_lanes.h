/// What functions of registers of LANES samples are made of. Included once for each width, by the loops that use them.

#include "exponential_lanes.h"

/// The same number in all lanes, with its sign where it is zero.
FIXED vector NAMED(repeated)(float value) {
    vector result;
    UNROLL
    for (int lane = 0; lane < LANES; lane++) result[lane] = value;
    return result;
}
