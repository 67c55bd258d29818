"""Writes penalties.h5: small models whose layers penalise their outputs (`activity_regularizer`), as layers.py writes layers. The
loss and its gradients have what Keras adds for the batch.

    python3 penalties.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import os

from keras import layers as L
from keras import regularizers as R

from layers import around, in_a_row, write_cases


def shared(x):
    """A layer that is called twice adds what it adds for each call."""
    layer = L.Conv2D(6, 3, padding="same", activation="tanh", activity_regularizer=R.L2(0.03))
    return L.Dense(2)(L.Flatten()(layer(layer(L.Conv2D(6, 1)(x)))))


def frozen(x):
    """A layer that does not train adds nonetheless."""
    layer = L.Conv2D(6, 1, activation="relu", activity_regularizer="l1")
    layer.trainable = False
    return L.Dense(2)(L.Flatten()(layer(L.Conv2D(6, 1)(x))))


def output(x):
    return L.Dense(2, activation="softmax", activity_regularizer=R.L2(0.2))(L.Flatten()(L.Conv2D(3, 1)(x)))


def read_twice(x):
    y = L.Conv2D(6, 1, activity_regularizer=R.L1L2(0.02, 0.01))(x)
    return L.Dense(2)(L.Flatten()(L.Add()([L.Activation("relu")(y), y])))


CASES = {
    "L1 of a convolution": around(lambda: L.Conv2D(5, 3, activation="relu", activity_regularizer=R.L1(0.03))),
    "L2 of a convolution": around(lambda: L.Conv2D(5, 2, activation="tanh", activity_regularizer=R.L2(0.02))),
    "L1L2 before an activation": in_a_row(
        lambda: L.Conv2D(6, 3, activity_regularizer=R.L1L2(0.01, 0.02)), lambda: L.Activation("relu")),
    "of a normalization": in_a_row(
        lambda: L.LayerNormalization(activity_regularizer=R.L2(0.05)), lambda: L.Activation("silu")),
    "of a padding": in_a_row(
        lambda: L.ZeroPadding2D(1, activity_regularizer=R.L2(0.05)), lambda: L.Conv2D(4, 3)),
    "of a separable convolution": around(
        lambda: L.SeparableConv2D(5, 3, activation="relu", activity_regularizer=R.L1(0.02))),
    "ActivityRegularization": in_a_row(
        lambda: L.Conv2D(5, 2), lambda: L.ActivityRegularization(0.02, 0.01), lambda: L.Activation("relu")),
    "several": in_a_row(
        lambda: L.Conv2D(5, 2, activation="relu", activity_regularizer="l2"), lambda: L.ActivityRegularization(l1=0.02),
        lambda: L.Flatten(), lambda: L.Dense(4, activation="sigmoid", activity_regularizer="l1")),
    "shared": shared,
    "frozen": frozen,
    "output": output,
    "read twice": read_twice,
}

if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "penalties.h5"), CASES)
