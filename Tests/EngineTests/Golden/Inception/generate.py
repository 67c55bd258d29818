"""Writes golden data for InceptionGoldenTests.swift: what Keras computes for the Inception networks, a file a network.

    python generate.py [--single | --rounded=SEED...] [NETWORK...]

It needs keras with tensorflow, and h5py; the files were written with Keras 3.15. Keras runs in double precision, so
they hold the truth and a test's tolerance bounds the engine's rounding alone. With `--single` and `--rounded` nothing is
written: ../recording.py measures rounding against the files. The networks are whole; images and the number of classes
are small, and dropout is left out. Weights and samples are not stored: both sides make them from one table of hashed
numbers. The data sets:

    /predictions  [n, classes] from moving statistics
    /outputs      [n, classes] of a training pass, the network's own output
    /losses       [4] before and after each of three steps of SGD with attribute `rate`, summed over samples, auxiliary
                  losses weighted
    /gradients    [parameters, 1 + 7] of the first loss, in the order of paths: the norm, then 7 elements at hashed
                  places; of moving statistics: samples * the batch's
"""
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(FOLDER, ".."))
import recording  # Before Keras: it quietens TensorFlow.

import keras
import numpy as np
import tensorflow as tf

import counter_random
from networks import NETWORKS

SAMPLES = 2
CLASSES = 10
KEPT = 7
PERIOD = 65521
INPUT = 1009
# A gradient that is smaller is measured against this.
ORDINARY = 1e-2

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
    return squares.repeat(8, axis=1).repeat(8, axis=2)[:, :height, :width].astype(keras.config.floatx())


def record(name, rate, prepare):
    build, shape, weight = NETWORKS[name]
    model = keras.Model(*build(shape, CLASSES))
    for index, (_, variable) in enumerate(recording.by_path(model)):
        variable.assign(values(name, index, variable.path, variable.shape).astype(keras.config.floatx()))
    labels = np.arange(SAMPLES) * 3 + 1

    def summed_loss(outputs):
        losses = [tf.reduce_sum(keras.losses.sparse_categorical_crossentropy(labels, output)) for output in outputs]
        return losses[0] + (weight or 0) * sum(losses[1:])

    prepare(model)
    result = recording.Record(model, images(shape), summed_loss, rate)
    return result, result.rows(KEPT, repeats=True)


if __name__ == "__main__":
    recording.main(record, NETWORKS, FOLDER, ORDINARY)
