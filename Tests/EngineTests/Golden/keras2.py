"""Writes keras2.h5: small models of tf_keras whose words mean another thing in Keras 3, in double precision and in the form of
layers.h5 (KerasLayerTests.swift).

    python3 keras2.py      (made with tf_keras 2.21 and tensorflow; seed 7)
"""

import os

import tf_keras as keras
from layers import write_cases

L = keras.layers
keras.backend.set_floatx("float64")


def nested(x):
    inner = keras.Sequential([L.Dense(6, activation="hard_sigmoid"), L.Dense(4)])
    return L.Dense(2)(inner(L.Flatten()(x)))


CASES = {
    "hard sigmoid": lambda x: L.Dense(2)(L.Flatten()(L.Activation("hard_sigmoid")(L.Conv2D(6, 1)(x)))),
    "hard sigmoid of a convolution": lambda x: L.Dense(2)(L.Flatten()(L.Conv2D(6, 2, activation="hard_sigmoid")(x))),
    "hard sigmoid of a separable convolution": lambda x: L.Dense(2)(
        L.Flatten()(L.SeparableConv2D(6, 2, activation=keras.activations.hard_sigmoid)(x))),
    "hard sigmoid in a model inside": nested,
}

write_cases(os.path.join(os.path.dirname(__file__), "keras2.h5"), CASES, keras)
