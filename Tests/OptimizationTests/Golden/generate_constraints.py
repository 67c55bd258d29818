"""Writes keras_constraints.json: what Keras's constraints make of weights, in double precision (WeightRuleTests.swift).

    python3 generate_constraints.py      (made with keras 3.15.1 and tensorflow; seed 5)
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import constraints as C

keras.config.set_floatx("float64")
random = np.random.default_rng(5)
CASES = [
    ("NonNeg", C.NonNeg(), (3, 4)),
    ("MaxNorm", C.MaxNorm(1.5), (5, 4)),
    ("MaxNorm", C.MaxNorm(1.2, axis=[0, 1, 2]), (3, 2, 2, 5)),
    ("MaxNorm", C.MaxNorm(0.5, axis=1), (3, 4)),
    ("UnitNorm", C.UnitNorm(), (6,)),
    ("UnitNorm", C.UnitNorm(axis=[0, 2]), (3, 4, 2)),
    ("MinMaxNorm", C.MinMaxNorm(0.8, 1.1, rate=0.3), (4, 6)),
    ("MinMaxNorm", C.MinMaxNorm(2.0, 3.0, axis=[0, 1, 2]), (2, 2, 3, 4)),
]

if __name__ == "__main__":
    cases = []
    for name, constraint, shape in CASES:
        weights = random.standard_normal(shape).astype(np.float32)
        result = np.asarray(constraint(weights.astype(np.float64)), np.float32)
        config = {key: value for key, value in constraint.get_config().items()}
        cases.append({"class_name": name, "config": config, "shape": shape,
                      "weights": [float(w) for w in weights.reshape(-1)], "result": [float(r) for r in result.reshape(-1)]})
    with open(os.path.join(os.path.dirname(__file__), "keras_constraints.json"), "w") as file:
        json.dump(cases, file, indent=1)
        file.write("\n")
