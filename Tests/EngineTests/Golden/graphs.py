"""Writes graphs.h5: small Keras models that hold models, share layers, call layers as in evaluation, or have operators, in the
form of layers.h5 (KerasLayerTests.swift).

    python3 graphs.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import os

import keras
from keras import layers as L
from keras import ops
from layers import IMAGE, around, write_cases


def body(name="body", shape=IMAGE):
    x = keras.Input(shape)
    y = L.Conv2D(6, 1, activation="tanh", name="c")(x)
    y = L.Conv2D(6, 3, padding="same", name="d")(y)
    return keras.Model(x, L.ReLU(name="r")(y), name=name)


def classes(x):
    return L.Dense(2, name="top")(L.Flatten()(x))


def nested(x):
    return classes(body()(L.Conv2D(6, 1)(x)))


def nested_sequential(x):
    return classes(keras.Sequential([L.Conv2D(6, 2), L.ReLU(), L.MaxPooling2D((1, 2))], name="chain")(x))


def nested_twice(x):
    y = keras.Input(IMAGE)
    outer = keras.Model(y, L.Conv2D(4, 2, name="c")(body("inner")(y)), name="outer")
    return classes(outer(x))


def nested_with_two_outputs(x):
    y = keras.Input(IMAGE)
    a = L.Conv2D(6, 1, name="c")(y)
    b = L.Conv2D(6, 1, name="d")(a)
    a, b = keras.Model(y, [a, b], name="forked")(x)
    return classes(L.Multiply()([a, b]))


def nested_with_two_inputs(x):
    y, z = keras.Input(IMAGE), keras.Input(IMAGE)
    joined = keras.Model([y, z], L.Add()([L.Conv2D(6, 1, name="c")(y), z]), name="joined")
    return classes(joined([L.ReLU()(x), L.Conv2D(6, 1)(x)]))


def shared_dense(x):
    shared = L.Dense(6, activation="tanh", name="shared")
    return classes(shared(shared(shared(L.Dense(6)(L.Flatten()(x))))))


def shared_convolution(x):
    shared = L.Conv2D(6, 3, padding="same", name="shared")
    y = shared(x)
    return classes(L.Concatenate()([L.Flatten()(y), L.Flatten()(shared(L.MaxPooling2D(2)(y)))]))


def shared_model(x):
    tower = body("tower")
    return classes(L.Subtract()([tower(x), tower(L.Rescaling(-0.5)(x))]))


def shared_in_shared(x):
    y = keras.Input(IMAGE)
    conv = L.Conv2D(6, 1, activation="tanh", name="c")
    tower = keras.Model(y, conv(conv(y)), name="tower")
    return classes(tower(tower(x)))


def normalization_as_in_evaluation(x):
    y = L.BatchNormalization(epsilon=0.1)(L.Conv2D(6, 1)(x), training=False)
    return classes(L.ReLU()(y))


def body_as_in_evaluation(x):
    y = keras.Input(IMAGE)
    z = L.BatchNormalization(epsilon=0.1, name="n")(L.Conv2D(6, 1, name="c")(y))
    base = keras.Model(y, L.Dropout(0.5, name="o")(z), name="base")
    return classes(base(L.Conv2D(6, 1)(x), training=False))


def frozen_body(x):
    y = keras.Input(IMAGE)
    base = keras.Model(y, L.BatchNormalization(epsilon=0.1, name="n")(L.Conv2D(6, 1, name="c")(y)), name="base")
    base.trainable = False
    return classes(base(L.Conv2D(6, 1)(x), training=False))


CASES = {function.__name__.replace("_", " "): function for function in [
    nested, nested_sequential, nested_twice, nested_with_two_outputs, nested_with_two_inputs, shared_dense, shared_convolution,
    shared_model, shared_in_shared, normalization_as_in_evaluation, body_as_in_evaluation, frozen_body]}

if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "graphs.h5"), CASES)
