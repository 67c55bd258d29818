"""Trains one of dptrain's networks with Keras's `fit` on random samples in memory, on one thread; prints JSON with the
median and the best time of a step, each the mean over one call of `fit`, which does so many steps.

    keras_train.py lenet5-keras|resnet-cifar-20-v1|resnet50-v1.5 --batch-size 128 --steps 20
"""

import argparse
import json
import os
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def lenet5_keras():
    return keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(6, 5, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(16, 5, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(120, activation="relu"), layers.Dense(84, activation="relu"),
        layers.Dense(10, activation="softmax")])


def resnet_cifar_20_v1():
    """As Keras's cifar10_resnet example."""

    def convolution(x, filters, size=3, stride=1):
        return layers.Conv2D(filters, size, stride, padding="same", kernel_initializer="he_normal")(x)

    image = layers.Input((32, 32, 3))
    x = layers.ReLU()(layers.BatchNormalization()(convolution(image, 16)))
    for stack, filters in enumerate((16, 32, 64)):
        for block in range(3):
            shrinks = stack > 0 and block == 0
            stride = 2 if shrinks else 1
            y = layers.ReLU()(layers.BatchNormalization()(convolution(x, filters, 3, stride)))
            y = layers.BatchNormalization()(convolution(y, filters))
            if shrinks:
                x = convolution(x, filters, 1, stride)
            x = layers.ReLU()(layers.add([x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(image, layers.Dense(10, activation="softmax", kernel_initializer="he_normal")(x))


def resnet50():
    """Keras has v1 only, which strides in another convolution and does 6 % fewer multiplications."""
    return keras.applications.ResNet50(weights=None)


MODELS = {"lenet5-keras": lenet5_keras, "resnet-cifar-20-v1": resnet_cifar_20_v1, "resnet50-v1.5": resnet50}
CALLS = 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--precision", choices=["fp32"], default="fp32")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(0)

    model = MODELS[options.model]()
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    count = options.batch_size * options.steps
    samples = np.random.rand(count, *model.input_shape[1:]).astype("float32")
    labels = np.random.randint(0, model.output_shape[-1], count)
    times = []
    for _ in range(CALLS + 1):
        start = time.perf_counter()
        model.fit(samples, labels, batch_size=options.batch_size, verbose=0)
        times.append((time.perf_counter() - start) / options.steps)
    times = sorted(times[1:])
    print(json.dumps({
        "step_ms": times[len(times) // 2] * 1000, "best_ms": times[0] * 1000,
        "version": f"Keras {keras.__version__} on TensorFlow {tf.__version__}"}))


main()
