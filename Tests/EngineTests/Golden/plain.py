"""AlexNet, ZFNet and VGG, a part as wide: `narrow` divides filters and units."""
import os
import sys

import keras
import tensorflow as tf
from keras import layers

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../scripts"))
import dptrain_keras

CLASSES = 10
# By the columns of VGG's table.
WINDOWS = {
    "A": [[3], [3], [3, 3], [3, 3], [3, 3]],
    "C": [[3, 3], [3, 3], [3, 3, 1], [3, 3, 1], [3, 3, 1]],
    "E": [[3, 3], [3, 3], [3] * 4, [3] * 4, [3] * 4],
}


def top(x, widths, names):
    x = layers.Flatten(name="flatten")(x)
    for width, name in zip(widths, names):
        x = layers.Dense(width, activation="relu", name=name)(x)
    return layers.Dense(CLASSES, activation="softmax", name=names[-1])(x)


def alexnet(narrow):
    def convolution(x, number, filters, kernel, **options):
        return layers.Conv2D(filters // narrow, kernel, activation="relu", name=f"conv{number}", **options)(x)

    x = inputs = keras.Input((67, 67, 3))
    x = layers.MaxPooling2D(3, 2)(convolution(x, 1, 96, 11, strides=4))
    x = dptrain_keras.LocalResponseNormalization(5, 2, 1e-4, 0.75)(x)
    x = layers.MaxPooling2D(3, 2)(convolution(x, 2, 256, 5, padding="same"))
    x = dptrain_keras.LocalResponseNormalization(5, 2, 1e-4, 0.75)(x)
    for number, filters in ((3, 384), (4, 384), (5, 256)):
        x = convolution(x, number, filters, 3, padding="same")
    return inputs, top(layers.MaxPooling2D(3, 2)(x), [4096 // narrow] * 2, ["fc6", "fc7", "fc8"])


def alexnet_bn(narrow):
    x = inputs = keras.Input((215, 215, 3))
    convolutions = ((96, 11, 4, 1), (256, 11, 1, 1), (384, 3, 1, 0), (384, 3, 1, 0), (256, 3, 1, 1))
    for filters, kernel, strides, pools in convolutions:
        x = layers.Conv2D(filters // narrow, kernel, strides=strides, activation="relu")(x)
        x = layers.BatchNormalization()(layers.MaxPooling2D()(x) if pools else x)
    x = layers.Flatten()(x)
    for units in (4096, 4096, 1000):
        x = layers.BatchNormalization()(layers.Dense(units // narrow, activation="relu")(x))
    return inputs, layers.Dense(CLASSES, activation="softmax")(x)


def zfnet(narrow):
    """What a pooling of `ceil` hangs over is minus infinity here."""
    def pool(x):
        hang = -(x.shape[1] - 3) % 2
        x = layers.Lambda(lambda x: tf.pad(x, [(0, 0), (0, hang), (0, hang), (0, 0)], constant_values=-1e30))(x)
        return layers.MaxPooling2D(3, 2)(x)

    def convolution(x, number, filters, kernel, **options):
        return layers.Conv2D(filters // narrow, kernel, activation="relu", name=f"conv{number}", **options)(x)

    x = inputs = keras.Input((64, 64, 3))
    x = pool(convolution(layers.ZeroPadding2D(1)(x), 1, 96, 7, strides=2))
    x = dptrain_keras.LocalResponseNormalization(5, 2, 1e-4, 0.75)(x)
    x = pool(convolution(x, 2, 256, 5, strides=2))
    x = dptrain_keras.LocalResponseNormalization(5, 2, 1e-4, 0.75)(x)
    for number, filters in ((3, 384), (4, 384), (5, 256)):
        x = convolution(x, number, filters, 3, padding="same")
    return inputs, top(pool(x), [4096 // narrow] * 2, ["fc6", "fc7", "fc8"])


def vgg(windows, narrow, response=False, batch=False):
    x = inputs = keras.Input((32, 32, 3))
    for block, (sizes, filters) in enumerate(zip(windows, (64, 128, 256, 512, 512)), 1):
        for number, size in enumerate(sizes, 1):
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(filters // narrow, size, padding="same", name=name)(x)
            if batch:
                x = layers.BatchNormalization(name=name + "_bn")(x)
            x = layers.ReLU()(x)
            if response and block == 1:
                x = dptrain_keras.LocalResponseNormalization(5, 2, 1e-4, 0.75)(x)
        x = layers.MaxPooling2D()(x)
    return inputs, top(x, [4096 // narrow] * 2, ["fc1", "fc2", "predictions"])


def vgg_cifar(convolutions, narrow):
    def layer(x, filters, name):
        x = layers.Conv2D(filters // narrow, 3, padding="same", name=name)(x)
        return layers.ReLU()(layers.BatchNormalization(name=name + "_bn")(x))

    x = inputs = keras.Input((32, 32, 3))
    x = layer(x, 64, "conv1")
    for stage, count in enumerate(convolutions):
        x = layers.MaxPooling2D()(x) if stage else x
        for number in range(1, count + 1):
            x = layer(x, 64 << stage, f"conv{stage + 2}_{number}")
    x = layers.GlobalAveragePooling2D()(x)
    return inputs, layers.Dense(CLASSES, activation="softmax", name="predictions")(x)
