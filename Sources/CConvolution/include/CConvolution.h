#pragma once

/// Convolutions and what belongs to them in vector code where oneDNN 2.6 leaves much of the processor idle. Swift has no
/// words for 512-bit registers with broadcast operands, which is what these loops are made of, and is compiled for
/// processors without them. Every function needs AVX-512 (F, BW, DQ, VL; those of bf16 AVX512_BF16 too) unless its header says
/// otherwise. Those that take a part of their result may run on several threads at once.
#include "attention.h"
#include "bf16_weight_gradient.h"
#include "dense.h"
#include "grouped.h"
#include "elementwise.h"
#include "feature_normalization.h"
#include "few_channels.h"
#include "lenet.h"
#include "winograd.h"

