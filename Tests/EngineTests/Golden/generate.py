"""Writes golden data for EngineTests: what Keras computes for models of the zoo, one HDF5 file a model.

    python generate.py [MODEL...]          (needs keras with tensorflow, h5py; written with Keras 3.15)

Keras runs in double precision, so the files hold the truth and a test's tolerance bounds the engine's rounding alone.
Weights and samples are not stored: both sides compute them from the same integer hash (GoldenTests.swift), exactly. Of
each tensor at most 256 elements (16 of large networks') are kept, at places given by the hash, and its norm.

    /outputs      [n, classes] probabilities (distances) of a training pass    attribute loss: the sum over samples
    /predictions  [n, classes] the same from moving statistics
    /gradients/<layer>/<parameter>   of the summed loss; of moving statistics: samples * the batch's
"""
import os
import sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts"))
import dptrain_keras

SAMPLES = 3
CLASSES = 10
KEPT = 256
INPUT, LABELS, PLACES = 1000, 1001, 2000


def mix(a, b):
    """NumericCore's CounterRandom.mix: the finaliser of SplitMix64."""
    with np.errstate(over="ignore"):
        z = np.uint64(a) + np.uint64(0x9E3779B97F4A7C15) * (np.asarray(b, np.uint64) + np.uint64(1))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def numbers(stream, count):
    """`count` multiples of 2^-23 in [-1, 1)."""
    return ((mix(stream, np.arange(count)) >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1).astype(np.float32)


def values(index, path, shape):
    """Parameter `index` in the order of paths: single precision throughout.

    The last normalisation of a bottleneck counts a quarter. With residual branches as strong as the shortcuts fifty
    layers amplify rounding so much that Keras's own gradients in single precision are 13 % off those in double.
    """
    name = path.rsplit("/")[-1]
    u = numbers(index, int(np.prod(shape)))
    if name == "kernel":
        fan_in = int(np.prod(shape[:-1]))
        u = u * np.sqrt(np.float32(6) / np.float32(fan_in))
    else:
        u = u * np.float32(0.25) + np.float32(1 if name in ("gamma", "moving_variance") else 0)
    if path.endswith("_3_bn/gamma"):
        u = u * np.float32(0.25)
    return u.reshape(shape)


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


def resnet_cifar_8_v1():
    def convolution(x, filters, kernel=3, strides=1):
        return layers.Conv2D(filters, kernel, strides=strides, padding="same")(x)

    x = inputs = keras.Input((32, 32, 3))
    x = layers.Activation("relu")(layers.BatchNormalization()(convolution(x, 16)))
    for stack, filters in enumerate((16, 32, 64)):
        strides = 2 if stack > 0 else 1
        y = layers.Activation("relu")(layers.BatchNormalization()(convolution(x, filters, strides=strides)))
        y = layers.BatchNormalization()(convolution(y, filters))
        shortcut = convolution(x, filters, 1, strides) if stack > 0 else x
        x = layers.Activation("relu")(layers.Add()([shortcut, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return inputs, layers.Dense(CLASSES, activation="softmax")(x)


def resnet50():
    model = keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3), classes=CLASSES)
    return model.input, model.output


def sampled(index, tensor, kept):
    flat = np.asarray(tensor, np.float64).ravel()
    if flat.size <= kept:
        return flat
    return flat[(mix(PLACES + index, np.arange(kept)) % np.uint64(flat.size)).astype(np.int64)]


def mean_loss(model, labels, outputs):
    if isinstance(model.layers[-1], dptrain_keras.RadialBasis):
        return tf.reduce_mean(dptrain_keras.maximum_a_posteriori(labels, outputs))
    return keras.losses.SparseCategoricalCrossentropy()(labels, outputs)


def write(name, build, kept=KEPT):
    keras.backend.clear_session()
    model = keras.Model(*build())
    # By path, which both sides know; Keras sorts layers by depth.
    variables = [(layer, variable) for layer in model.layers for variable in layer.weights]
    variables.sort(key=lambda pair: pair[1].path)
    for index, (_, variable) in enumerate(variables):
        variable.assign(values(index, variable.path, variable.shape).astype(np.float64))
    shape = model.input_shape[1:]
    x = numbers(INPUT, SAMPLES * int(np.prod(shape))).reshape((SAMPLES,) + shape).astype(np.float64)
    labels = (mix(LABELS, np.arange(SAMPLES)) % np.uint64(CLASSES)).astype(np.int64)

    predictions = model(x, training=False).numpy()
    before = {variable.path: variable.numpy() for _, variable in variables}
    with tf.GradientTape() as tape:
        outputs = model(x, training=True)
        loss = mean_loss(model, labels, outputs)
    trainable = model.trainable_variables
    gradients = {v.path: g.numpy() * SAMPLES for v, g in zip(trainable, tape.gradient(loss, [v.value for v in trainable]))}

    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".h5")
    with h5py.File(path, "w", libver=("v108", "v110")) as file:
        file["outputs"] = outputs.numpy()
        file["predictions"] = predictions
        file["outputs"].attrs["loss"] = float(loss) * SAMPLES
        for index, (layer, variable) in enumerate(variables):
            if variable.path in gradients:
                gradient = gradients[variable.path]
            elif not hasattr(layer, "momentum"):
                continue  # Fixed weights have no gradient.
            else:
                momentum = layer.momentum
                gradient = SAMPLES * (variable.numpy() - momentum * before[variable.path]) / (1 - momentum)
            data = file.create_dataset(f"gradients/{layer.name}/{variable.name}", data=sampled(index, gradient, kept))
            data.attrs["norm"] = float(np.linalg.norm(gradient))


keras.backend.set_floatx("float64")
for arguments in [
    ("mlp", mlp),
    ("simple-cnn", simple_cnn),
    ("lenet5-keras", lenet5_keras),
    ("lenet5-1998", lenet5_1998),
    ("resnet-cifar-8-v1", resnet_cifar_8_v1),
    ("resnet50", resnet50, 16),
]:
    if len(sys.argv) == 1 or arguments[0] in sys.argv[1:]:
        write(*arguments)
