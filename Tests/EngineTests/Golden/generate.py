"""Writes golden data for EngineTests: what Keras computes for models of the zoo, one HDF5 file a model.

    python generate.py [--single | --rounded=SEED...] [MODEL...]

It needs keras with tensorflow, and h5py; the files were written with Keras 3.15. Keras runs in double precision, so
they hold the truth and a test's tolerance bounds the engine's rounding alone. With `--single` and `--rounded` nothing is
written: recording.py measures rounding against the files. Weights and samples are not stored: both sides compute them
from the same integer hash (GoldenTests.swift), exactly. Large networks are made narrow: all layers but the last have a
part of their filters or units, as GoldenModel says.

    /outputs      [n, classes] probabilities (distances, logits) of a training pass
    /predictions  [n, classes] the same from moving statistics
    /losses       [4] before and after each of three steps of SGD with attribute `rate`: sums over samples
    /gradients    [parameters, 1 + kept] of the summed loss, in the order of paths: the norm, then at most so many
                  elements, at places given by the hash; of moving statistics: samples * the batch's
    /draws        of each channel of each kernel, in the order of paths: which draw it is; missing if all are the first
    /steps        of each channel of each bias and beta: how many steps of 2^-6 it was moved
    attribute margin: how near the input of a ReLU comes to zero, or two of a maximum to each other (margins.py)
"""
import os
import sys

import recording  # Before Keras: it quietens TensorFlow.

import keras
import numpy as np
import tensorflow as tf

import plain
import residual
import small
from counter_random import mix, numbers
from narrowing import application, ends, narrowed

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(FOLDER, "../../../scripts"), os.path.join(FOLDER, "Inception")]
import dptrain_keras
from networks import googlenet

CLASSES = 10
INPUT, LABELS, DRAW = 1000, 1001, 1_000_000
# A gradient that is smaller is measured against this.
ORDINARY = 0.2


def ends_residual(path, paths):
    """Whether this scales the last normalisation of a residual branch."""
    if "_block" not in path:
        return False
    is_second = path.endswith("_2_bn/gamma") and path.replace("_2_bn", "_3_bn") not in paths
    return is_second or path.endswith("_3_bn/gamma")


def values(index, paths, shape, draws):
    """Parameter `index` in the order of paths: single precision throughout. Draw d of a kernel is the stream DRAW * d
    further on.

    The last normalisation of a residual branch counts a quarter. With residual branches as strong as the shortcuts
    fifty layers amplify rounding so much that Keras's own gradients in single precision are 13 % off those in double.
    """
    path = paths[index]
    name = path.rsplit("/")[-1]
    u = numbers(index, int(np.prod(shape))).reshape(shape)
    for draw in np.unique(draws[draws > 0]) if draws is not None else []:
        u[..., draws == draw] = numbers(index + DRAW * int(draw), u.size).reshape(shape)[..., draws == draw]
    if name == "kernel":
        fan_in = int(np.prod(shape[:-1]))
        u = u * np.sqrt(np.float32(6) / np.float32(fan_in))
    else:
        u = u * np.float32(0.25) + np.float32(1 if name in ("gamma", "moving_variance") else 0)
    if ends_residual(path, paths):
        u = u * np.float32(0.25)
    return u


def summed_loss(last, labels, outputs):
    """`last` is the network's last layer."""
    if isinstance(last, dptrain_keras.RadialBasis):
        losses = dptrain_keras.maximum_a_posteriori(labels, outputs)
    elif outputs.shape[-1] == 1:
        losses = keras.losses.binary_crossentropy(labels[:, None] % 2, outputs)
    else:
        is_logits = last.activation is keras.activations.linear
        losses = keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=is_logits)
    return tf.reduce_sum(losses)


def googlenet_naive(narrow):
    return ends(narrowed(keras.Model(*googlenet((96, 64, 3), CLASSES, naive=True)), narrow))


def case(name):
    return made(*NETWORKS[name])


def made(build, kept=256, fades=False, samples=3):
    model = keras.Model(*build())
    paths = [variable.path for _, variable in recording.by_path(model)]
    shape = model.input_shape[1:]
    x = numbers(INPUT, samples * int(np.prod(shape))).reshape((samples,) + shape).astype(keras.config.floatx())
    if fades:  # To few filters noise of one strength looks all alike.
        x *= 0.5 ** (np.arange(samples) % 3).reshape((samples,) + (1,) * len(shape))
    labels = (mix(LABELS, np.arange(samples)) % np.uint64(CLASSES)).astype(np.int64)
    return recording.Case(
        model, x, lambda outputs: summed_loss(model.layers[-1], labels, outputs[0]),
        lambda index, path, shape, draws: values(index, paths, shape, draws))


def kept(name):
    return NETWORKS[name][1] if len(NETWORKS[name]) > 1 else 256


# A network's input and output, elements kept of each gradient, whether samples fade, how many there are.
NETWORKS = {
    "mlp": (small.mlp,),
    "simple-cnn": (small.simple_cnn,),
    "lenet5-keras": (small.lenet5_keras,),
    "lenet5-1998": (small.lenet5_1998,),
    "resnet-cifar-8-v1": (residual.resnet_cifar_8_v1,),
    "resnet50": (lambda: ends(application("ResNet50", 64)), 16),
    "cnn-tutorial": (lambda: small.small_cnn(32, [32, "p", 64, "p", 64, "f", 64], activation="linear"), 16),
    "classic-cnn": (lambda: small.small_cnn(32, [32, 32, "p", "r", 64, "p", "f"]), 16),
    "cats-dogs": (lambda: small.small_cnn(46, [8, "p", 16, "p", 32, "p", 32, "p", "f", 128], 1, "sigmoid"), 16, True),
    "alexnet": (lambda: plain.alexnet(8), 16, True),
    "alexnet-bn": (lambda: plain.alexnet_bn(8), 16, True, 12),
    "zfnet": (lambda: plain.zfnet(8), 16, True),
    "vgg11-lrn": (lambda: plain.vgg(plain.WINDOWS["A"], 8, response=True), 16, True),
    "vgg16-c": (lambda: plain.vgg(plain.WINDOWS["C"], 8), 16, True),
    "vgg16": (lambda: ends(application("VGG16", 32, 8)), 16, True),
    "vgg19-bn": (lambda: plain.vgg(plain.WINDOWS["E"], 8, batch=True), 16, True),
    "vgg-cifar-18": (lambda: plain.vgg_cifar([4, 4, 4, 4], 8), 16, True),
    "resnet-cifar-8-v1-identity": (residual.resnet_cifar_8_v1_identity, 16),
    "resnet-cifar-11-v2": (residual.resnet_cifar_11_v2, 16),
    "resnet18-identity": (lambda: residual.resnet18_identity(8), 16, True),
    "resnet50-v2": (lambda: ends(application("ResNet50V2", 64, 8)), 16, True),
    "resnet50-transfer": (lambda: residual.resnet50_transfer(8), 16, True),
    "resnet50-cifar100": (lambda: residual.resnet50_cifar100(8), 16, True),
    "googlenet-naive": (lambda: googlenet_naive(8), 16, True),
}

if __name__ == "__main__":
    recording.main(case, NETWORKS, FOLDER, ORDINARY, kept, repeats=False, compression="gzip", shuffle=True)
