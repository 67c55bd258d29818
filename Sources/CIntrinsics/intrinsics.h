#pragma once
#include <cpuid.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint32_t eax, ebx, ecx, edx;
} dptrain_cpuid_leaf;

/// All zeros for a leaf that the processor does not have.
static inline dptrain_cpuid_leaf dptrain_cpuid(uint32_t leaf, uint32_t subleaf) {
    dptrain_cpuid_leaf found = {0, 0, 0, 0};
    __get_cpuid_count(leaf, subleaf, &found.eax, &found.ebx, &found.ecx, &found.edx);
    return found;
}

/// The kinds of registers that the system keeps for each program, a bit a kind. Only where CPUID reports OSXSAVE.
static inline uint64_t dptrain_kept_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/// The correctly rounded square root, without the errno that C's sqrtf (and so Swift's squareRoot) sets for negative
/// numbers: loops with this one become vector code, loops with that one stay scalar.
static inline float dptrain_square_root(float x) { return __builtin_elementwise_sqrt(x); }

/// The nearest number with bf16's 8 significant bits, of two equally near ones the even one. A NaN stays one: rounding up
/// could carry its digits into its sign.
static inline __attribute__((always_inline)) float dptrain_nearest_bf16(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t nearest = bits + 0x7FFF + (bits >> 16 & 1);
    bits = ((bits & 0x7FFFFFFF) > 0x7F800000 ? bits | 0x400000 : nearest) & 0xFFFF0000;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

/// Its upper half, which is all there is to it.
static inline __attribute__((always_inline)) uint16_t dptrain_bf16(float x) {
    uint32_t bits;
    x = dptrain_nearest_bf16(x);
    memcpy(&bits, &x, sizeof bits);
    return bits >> 16;
}

enum { dptrain_vectors_baseline = 1, dptrain_vectors_avx2, dptrain_vectors_avx512 };

/// The widest vectors that this processor has.
static inline int dptrain_widest_vectors(void) {
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) return dptrain_vectors_avx512;
    return __builtin_cpu_supports("avx2") ? dptrain_vectors_avx2 : dptrain_vectors_baseline;
}

/// The vectors to compute with: the widest, unless oneDNN is held to AVX2, so that one variable holds back both.
static inline int dptrain_vectors(void) {
    static int chosen;
    int vectors = __atomic_load_n(&chosen, __ATOMIC_RELAXED);
    if (vectors) return vectors;
    vectors = dptrain_widest_vectors();
    const char *limit = getenv("ONEDNN_MAX_CPU_ISA");
    if (limit && !strcmp(limit, "AVX2") && vectors > dptrain_vectors_avx2) vectors = dptrain_vectors_avx2;
    __atomic_store_n(&chosen, vectors, __ATOMIC_RELAXED);
    return vectors;
}

/// A loop compiled for three instruction sets. Each call takes one of the three. What it computes must not depend on the
/// width: integer operations, additions, no product and sum that could be fused.
/// (target_clones would be shorter, but Swift's linker does not find what it makes of inline functions.)
#define DPTRAIN_WIDEST(name, parameters, arguments, loop)                                                            \
    static inline __attribute__((target("avx512f,avx512bw,avx512vl"))) void name##_avx512 parameters { loop }        \
    static inline __attribute__((target("avx2"))) void name##_avx2 parameters { loop }                               \
    static inline void name##_baseline parameters { loop }                                                           \
    static inline void name parameters {                                                                             \
        switch (dptrain_vectors()) {                                                                                 \
            case dptrain_vectors_avx512: name##_avx512 arguments; break;                                             \
            case dptrain_vectors_avx2: name##_avx2 arguments; break;                                                 \
            default: name##_baseline arguments;                                                                      \
        }                                                                                                            \
    }

/// Rounds in place.
DPTRAIN_WIDEST(
    dptrain_round_bf16, (float *values, size_t count), (values, count),
    for (size_t i = 0; i < count; i++) values[i] = dptrain_nearest_bf16(values[i]);)

/// Rounds into half the memory.
DPTRAIN_WIDEST(
    dptrain_pack_bf16, (uint16_t *restrict words, const float *restrict values, size_t count), (words, values, count),
    for (size_t i = 0; i < count; i++) words[i] = dptrain_bf16(values[i]);)

/// left = left + right, all three rounded.
DPTRAIN_WIDEST(
    dptrain_add_bf16, (float *restrict left, const float *restrict right, size_t count), (left, right, count),
    for (size_t i = 0; i < count; i++)
        left[i] = dptrain_nearest_bf16(dptrain_nearest_bf16(left[i]) + dptrain_nearest_bf16(right[i]));)

/// left = left + right, of which the sum is not rounded.
DPTRAIN_WIDEST(
    dptrain_add_exactly_bf16, (float *restrict left, const float *restrict right, size_t count), (left, right, count),
    for (size_t i = 0; i < count; i++)
        left[i] = dptrain_nearest_bf16(left[i]) + dptrain_nearest_bf16(right[i]);)
