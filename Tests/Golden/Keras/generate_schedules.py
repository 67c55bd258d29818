"""Writes schedules.json, learning rates of Keras's schedules, with real Keras. It is checked in; run this only to change it.

    python generate_schedules.py        (made with keras 3.15.1 on tensorflow 2.21)

Each case has a schedule as a compiled file has it, and its rates at the first 40 steps. Keras computes them in float32; ours
must agree to a relative 1e-6, and to 1e-8.
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import keras

kinds = keras.optimizers.schedules
CASES = [
    kinds.PiecewiseConstantDecay([3, 7, 20], [0.1, 0.05, 0.01, 0.002]),
    kinds.PiecewiseConstantDecay([5], [0.0, 0.1]),
    kinds.CosineDecay(0.1, 20, alpha=0.1),
    kinds.CosineDecay(0.0, 20, alpha=0.1, warmup_target=0.1, warmup_steps=6),
    kinds.CosineDecay(0.2, 10, warmup_target=0.1, warmup_steps=5),
    kinds.CosineDecay(0.01, 10, warmup_target=0.1, warmup_steps=0),
    kinds.CosineDecayRestarts(0.1, 5),
    kinds.CosineDecayRestarts(0.1, 5, t_mul=1.0, m_mul=0.5, alpha=0.1),
    kinds.CosineDecayRestarts(0.1, 5, t_mul=1.5, m_mul=0.9, alpha=0.01),
    kinds.PolynomialDecay(0.1, 12, 0.01, power=2.0),
    kinds.PolynomialDecay(0.1, 12, 0.01, cycle=True),
    kinds.PolynomialDecay(0.1, 7, 0.001, power=0.5, cycle=True),
    kinds.ExponentialDecay(0.1, 7, 0.9),
    kinds.ExponentialDecay(0.1, 7, 0.9, staircase=True),
    kinds.InverseTimeDecay(0.1, 5, 0.5),
    kinds.InverseTimeDecay(0.1, 5, 0.5, staircase=True),
    kinds.CosineDecayRestarts(0.1, 5, t_mul=2.0, m_mul=1.2, alpha=0.1),
]
with open(pathlib.Path(__file__).parent / "schedules.json", "w") as file:
    lines = [json.dumps({"schedule": kinds.serialize(case), "rates": [float(f"{float(case(step)):.9g}") for step in range(40)]})
             for case in CASES]
    file.write("[\n" + ",\n".join(lines) + "\n]\n")
