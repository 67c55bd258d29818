"""Writes initializers.json beside this file: what Keras's initializers say of themselves in files, and what they draw.

    python3 generate_initializers.py      (needs keras 3 with the tensorflow backend; made with keras 3.15.1)

Of each it has the configuration and a shape. With random values it has the quantiles of a draw with seed 20261129, in steps of a
tenth, and the deviation: the tests compare those with a draw of dptrain, of other random numbers. Values that are not
random must be the same. The gain of Identity is not here, since Keras 3.15 does not write it.
"""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
from keras import initializers as i

SEED = 20261129
KERNEL, MATRIX, SMALL = [3, 3, 32, 64], [96, 128], [3, 4]
CASES = [
    (i.RandomNormal(seed=SEED), KERNEL),
    (i.RandomNormal(mean=0.5, stddev=0.125, seed=SEED), KERNEL),
    (i.TruncatedNormal(seed=SEED), KERNEL),
    (i.TruncatedNormal(mean=-1.0, stddev=0.5, seed=SEED), KERNEL),
    (i.RandomUniform(seed=SEED), KERNEL),
    (i.RandomUniform(minval=0.25, maxval=1.0, seed=SEED), KERNEL),
    (i.GlorotUniform(seed=SEED), KERNEL),
    (i.GlorotNormal(seed=SEED), KERNEL),
    (i.HeUniform(seed=SEED), KERNEL),
    (i.HeNormal(seed=SEED), KERNEL),
    (i.LecunUniform(seed=SEED), KERNEL),
    (i.LecunNormal(seed=SEED), KERNEL),
    (i.GlorotNormal(seed=SEED), [4096]),
    (i.LecunNormal(seed=SEED, input_axes=[3], output_axes=[0, -2]), KERNEL),
    (i.VarianceScaling(scale=0.5, mode="fan_out", input_axes=[0], output_axes=[1, 3], seed=SEED), KERNEL),
    (i.Orthogonal(seed=SEED), KERNEL),
    (i.Orthogonal(gain=2.0, seed=SEED), MATRIX),
    (i.Zeros(), SMALL),
    (i.Ones(), SMALL),
    (i.Constant(0.75), SMALL),
    (i.Identity(), SMALL),
    (i.Identity(), [4, 3]),
] + [
    (i.VarianceScaling(scale=1.5, mode=mode, distribution=distribution, seed=SEED), KERNEL)
    for mode in ["fan_in", "fan_out", "fan_avg"]
    for distribution in ["uniform", "truncated_normal", "untruncated_normal"]
]


def case(initializer, shape):
    values = np.asarray(initializer(shape), "float64").ravel()
    result = {"initializer": keras.initializers.serialize(initializer), "shape": shape}
    if values.size < 100:
        return result | {"values": values.tolist()}
    quantiles = np.quantile(values, np.linspace(0, 1, 11))
    return result | {"quantiles": [float(f"{q:.6g}") for q in quantiles], "deviation": float(f"{values.std():.6g}")}


path = pathlib.Path(__file__).parent / "initializers.json"
path.write_text("[\n" + ",\n".join(json.dumps(case(*c)) for c in CASES) + "\n]\n")
