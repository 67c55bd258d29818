"""Writes golden data for InceptionGoldenTests.swift: what Keras computes for the Inception networks, a file a network.

    python generate.py [NETWORK...]          (needs keras with tensorflow, h5py; written with Keras 3.15)

Keras runs in double precision, so the files hold the truth and a test's tolerance bounds the engine's rounding alone.
The networks are whole; images and the number of classes are small, and dropout is left out. Weights and samples are not
stored: both sides make them from one table of hashed numbers. The data sets:

    /predictions  [n, classes] from moving statistics
    /outputs      [n, classes] of a training pass, the network's own output
    /losses       [4] before and after each of three steps of SGD with attribute `rate`, summed over samples, auxiliary
                  losses weighted
    /gradients    [parameters, 1 + 7] of the first loss, in the order of paths: the norm, then 7 elements at hashed
                  places; of moving statistics: samples * the batch's
"""
import os
import sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import h5py
import keras
import numpy as np
import tensorflow as tf

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import counter_random
from counter_random import mix
from networks import NETWORKS

SAMPLES = 2
CLASSES = 10
KEPT = 7
STEPS = 3
PERIOD = 65521
INPUT = 1009

# Multiples of 2^-23 in [-1, 1). The prime period keeps rows of a tensor from repeating.
TABLE = counter_random.numbers(7, PERIOD)


def numbers(stream, count):
    """`count` numbers of the table, from a place of the stream's own, over and over."""
    return np.resize(np.roll(TABLE, -(stream * 7919 % PERIOD)), count)


def values(network, index, path, shape):
    """Parameter `index` in the order of paths: single precision throughout.

    A beta around 0.5 leaves most ReLUs open. With all betas around 0 gradients of these networks grow so much on their
    way back, in Inception-v4 to a norm of 55,000, that rounding alone changes them by 5 %. Residual sums grow from
    block to block, so that their classifier has a quarter of the usual weights: one class would take all.
    """
    name = path.rsplit("/")[-1]
    if name == "kernel":
        scale, offset = np.sqrt(np.float32(6) / np.float32(np.prod(shape[:-1]))), np.float32(0)
        if network.startswith("inception-resnet") and path == "predictions/kernel":
            scale = scale * np.float32(0.25)
    else:
        scale, offset = np.float32(0.25), np.float32({"gamma": 1, "moving_variance": 1, "beta": 0.5}.get(name, 0))
    return (numbers(index, int(np.prod(shape))) * scale + offset).reshape(shape)


def images(shape):
    """Squares of 8x8 pixels, so that samples differ in more than noise."""
    height, width, channels = shape
    rows, columns = (height + 7) // 8, (width + 7) // 8
    squares = numbers(INPUT, SAMPLES * rows * columns * channels).reshape(SAMPLES, rows, columns, channels)
    return squares.repeat(8, axis=1).repeat(8, axis=2)[:, :height, :width].astype(np.float64)


def summed_loss(labels, outputs, weight):
    losses = [tf.reduce_sum(keras.losses.sparse_categorical_crossentropy(labels, output)) for output in outputs]
    return losses[0] + (weight or 0) * sum(losses[1:])


def write(name, rate=None):
    keras.backend.clear_session()
    build, shape, weight = NETWORKS[name]
    model = keras.Model(*build(shape, CLASSES))
    variables = sorted(((layer, variable) for layer in model.layers for variable in layer.weights),
                       key=lambda pair: f"{pair[0].name}/{pair[1].name}")
    for index, (layer, variable) in enumerate(variables):
        variable.assign(values(name, index, variable.path, variable.shape).astype(np.float64))
    x = images(shape)
    labels = np.arange(SAMPLES) * 3 + 1

    def outputs_of(**options):
        outputs = model(x, **options)
        return outputs if isinstance(outputs, list) else [outputs]

    predictions = outputs_of(training=False)[0].numpy()
    before = {variable.path: variable.numpy() for _, variable in variables}
    losses = []
    trainable = model.trainable_variables
    for step in range(STEPS + 1):
        with tf.GradientTape() as tape:
            outputs = outputs_of(training=True)
            loss = summed_loss(labels, outputs, weight)
        losses.append(float(loss))
        if step == STEPS:
            break
        gradients = tape.gradient(loss, [v.value for v in trainable])
        if step == 0:
            first = {v.path: g.numpy() for v, g in zip(trainable, gradients)}
            for layer, variable in variables:
                if variable.path not in first:
                    change = variable.numpy() - layer.momentum * before[variable.path]
                    first[variable.path] = SAMPLES * change / (1 - layer.momentum)
            first_outputs = outputs[0].numpy()
            if rate is None:
                rate = float(np.float32(0.1 * losses[0] / sum(np.linalg.norm(g.numpy()) ** 2 for g in gradients)))
        for variable, gradient in zip(trainable, gradients):
            variable.assign_sub(rate * gradient)

    rows = np.zeros((len(variables), 1 + KEPT))
    for index, (_, variable) in enumerate(variables):
        flat = first[variable.path].ravel()
        places = mix(2000 + index, np.arange(KEPT)) % np.uint64(flat.size)
        rows[index] = [np.linalg.norm(flat), *flat[places.astype(np.int64)]]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".h5")
    with h5py.File(path, "w", libver=("v108", "v110")) as file:
        file["predictions"] = predictions
        file["outputs"] = first_outputs
        file["losses"] = losses
        file["losses"].attrs["rate"] = rate
        file["gradients"] = rows
    np.set_printoptions(precision=3, suppress=True, linewidth=150)
    print(name, len(variables), "parameters; losses", np.array(losses), "rate", rate)
    print(predictions, first_outputs, sep="\n", flush=True)


keras.backend.set_floatx("float64")
for name in sys.argv[1:] or NETWORKS:
    write(name)
