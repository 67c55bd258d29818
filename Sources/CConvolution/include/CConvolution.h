#pragma once

/// Convolutions in vector code where oneDNN 2.6 leaves much of the processor idle. Swift has no words for 512-bit registers
/// with broadcast operands, which is what these loops are made of, and is compiled for processors without them. Every
/// function needs AVX-512 (F, BW, DQ, VL; those of bf16 AVX512_BF16 too), and runs on one thread.
#include "bf16_weight_gradient.h"
#include "few_channels.h"
#include "winograd.h"

