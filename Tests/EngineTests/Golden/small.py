"""The perceptron, the small networks, and LeNet-5."""
import os
import sys

import keras
from keras import layers

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts"))
import dptrain_keras

CLASSES = 10


def mlp():
    x = inputs = keras.Input((28, 28, 1))
    x = layers.Flatten()(x)
    x = layers.Dense(512, activation="relu")(x)
    x = layers.Dense(512, activation="relu")(x)
    return inputs, layers.Dense(CLASSES, activation="softmax")(x)


def simple_cnn():
    x = inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    return inputs, layers.Dense(CLASSES, activation="softmax")(layers.Flatten()(x))


def lenet5_keras():
    x = inputs = keras.Input((28, 28, 1))
    x = layers.MaxPooling2D()(layers.Conv2D(6, 5, activation="relu")(x))
    x = layers.MaxPooling2D()(layers.Conv2D(16, 5, activation="relu")(x))
    x = layers.Flatten()(x)
    x = layers.Dense(120, activation="relu")(x)
    x = layers.Dense(84, activation="relu")(x)
    return inputs, layers.Dense(CLASSES, activation="softmax")(x)


def lenet5_1998():
    table = [
        [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [0, 4, 5], [0, 1, 5], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5],
        [0, 3, 4, 5], [0, 1, 4, 5], [0, 1, 2, 5], [0, 1, 3, 4], [1, 2, 4, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5],
    ]
    squash = dptrain_keras.scaled_tanh
    x = inputs = keras.Input((32, 32, 1))
    x = layers.Conv2D(6, 5, activation=squash, name="c1")(x)
    x = dptrain_keras.Subsampling2D(activation=squash, name="s2")(x)
    x = dptrain_keras.PartialConvolution2D(5, table, activation=squash, name="c3")(x)
    x = dptrain_keras.Subsampling2D(activation=squash, name="s4")(x)
    x = layers.Conv2D(120, 5, activation=squash, name="c5")(x)
    x = layers.Dense(84, activation=squash, name="f6")(layers.Flatten()(x))
    return inputs, dptrain_keras.RadialBasis(CLASSES, name="output")(x)


def small_cnn(side, steps, classes=CLASSES, activation="softmax"):
    """Numbers are filters, until they are units; `p` pools, `r` is a ReLU, `f` flattens."""
    x = inputs = keras.Input((side, side, 3))
    dense = False
    for step in steps:
        if step == "p":
            x = layers.MaxPooling2D()(x)
        elif step == "r":
            x = layers.Activation("relu")(x)
        elif step == "f":
            x, dense = layers.Flatten()(x), True
        else:
            x = layers.Dense(step, activation="relu")(x) if dense else layers.Conv2D(step, 3, activation="relu")(x)
    return inputs, layers.Dense(classes, activation=activation)(x)
