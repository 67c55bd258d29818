"""The counter-based random numbers: what generators and tests make the same weights and inputs with."""

import numpy as np


def mix(a, b):
    """CounterRandom.mix: the finaliser of SplitMix64."""
    with np.errstate(over="ignore"):
        z = np.uint64(a) + np.uint64(0x9E3779B97F4A7C15) * (np.asarray(b, np.uint64) + np.uint64(1))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def numbers(stream, count):
    """`count` multiples of 2^-23 in [-1, 1)."""
    return ((mix(stream, np.arange(count)) >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1).astype(np.float32)
