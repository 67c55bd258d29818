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
    /draws        of each channel of each kernel, in the order of paths: which draw it is; missing if all are the first
    /steps        of each channel of each bias and beta: how many steps of 2^-6 it was moved
    attribute margin: how near the input of a ReLU comes to zero, or two of a maximum to each other (../margins.py)
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

CLASSES = 10
KEPT = 7
PERIOD = 65521
INPUT, NOISE = 1009, 1013
DRAW = 5003
# A gradient that is smaller is measured against this.
ORDINARY = 1e-2

# Multiples of 2^-23 in [-1, 1). The prime period keeps rows of a tensor from repeating.
TABLE = counter_random.numbers(7, PERIOD)


def numbers(stream, count):
    """`count` numbers of the table, from a place of the stream's own, over and over."""
    return np.resize(np.roll(TABLE, -(stream * 7919 % PERIOD)), count)


def drawn(index, shape, draws):
    """Draw d of a kernel begins DRAW * d streams further on."""
    u = numbers(index, int(np.prod(shape))).reshape(shape)
    for draw in np.unique(draws[draws > 0]) if draws is not None else []:
        u[..., draws == draw] = numbers(index + DRAW * int(draw), u.size).reshape(shape)[..., draws == draw]
    return u


def values(network, index, path, shape, draws):
    """Parameter `index` in the order of paths: single precision throughout.

    A beta around 1 leaves most ReLUs open. With all betas around 0 gradients of these networks grow so much on their
    way back, in Inception-v4 to a norm of 55,000, that rounding alone changes them by 5 %. Residual sums grow from
    block to block, so that their classifier has a quarter of the usual weights: one class would take all.
    """
    name = path.rsplit("/")[-1]
    if name == "kernel":
        scale, offset = np.sqrt(np.float32(6) / np.float32(np.prod(shape[:-1]))), np.float32(0)
        if network.startswith("inception-resnet") and path == "predictions/kernel":
            scale = scale * np.float32(0.25)
    else:
        scale, offset = np.float32(0.25), np.float32({"gamma": 1, "moving_variance": 1, "beta": 1}.get(name, 0))
    return drawn(index, shape, draws) * scale + offset


def images(samples, shape):
    """Squares of 8x8 pixels, so that samples differ in more than noise, and some noise, so that no two pixels are equal."""
    height, width, channels = shape
    rows, columns = (height + 7) // 8, (width + 7) // 8
    squares = numbers(INPUT, samples * rows * columns * channels).reshape(samples, rows, columns, channels)
    squares = squares.repeat(8, axis=1).repeat(8, axis=2)[:, :height, :width]
    noise = numbers(NOISE, squares.size).reshape(squares.shape)
    return (squares * np.float32(0.75) + noise * np.float32(0.25)).astype(keras.config.floatx())


def case(name):
    build, samples, shape, weight = NETWORKS[name]
    labels = (np.arange(samples) * 3 + 1) % CLASSES

    def summed_loss(outputs):
        losses = [tf.reduce_sum(keras.losses.sparse_categorical_crossentropy(labels, output)) for output in outputs]
        return losses[0] + (weight or 0) * sum(losses[1:])

    return recording.Case(
        keras.Model(*build(shape, CLASSES)), images(samples, shape), summed_loss,
        lambda index, path, shape, draws: values(name, index, path, shape, draws))


if __name__ == "__main__":
    recording.main(case, NETWORKS, FOLDER, ORDINARY, lambda name: KEPT, repeats=True)
