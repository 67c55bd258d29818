"""Writes tensorflow_functions.h5: small models of tf_keras around functions of TensorFlow, in double precision and in the form of
layers.h5 (KerasLayerTests.swift).

    python3 tensorflow_functions.py      (made with tf_keras 2.21 and tensorflow; seed 7)
"""

import os

import numpy as np
import tf_keras as keras
from layers import tf, write_cases

L = keras.layers
keras.backend.set_floatx("float64")


def steps(x):
    return tf.reshape(x, (-1, 12, 6))


CASES = {
    "activations": lambda x: tf.nn.relu6(x) * tf.sigmoid(x) + tf.nn.silu(x) - tf.nn.elu(x) + tf.nn.softplus(x),
    "gelu": lambda x: tf.nn.gelu(x) + tf.nn.gelu(2.0 * x, approximate=True),
    "leaky relu": lambda x: tf.nn.leaky_relu(x) - tf.nn.leaky_relu(x, alpha=0.35),
    "softmax": lambda x: tf.nn.softmax(x) + tf.nn.softmax(x, axis=1) + tf.nn.log_softmax(x),
    "functions": lambda x: tf.sqrt(tf.math.log(tf.exp(x) + 1.5)) * tf.math.rsqrt(tf.square(x) + tf.abs(x) + 1.0),
    "more functions": lambda x: tf.sin(x) * tf.cos(-x) + tf.math.log1p(tf.square(x)) + tf.math.expm1(x) + tf.sign(x) * x,
    "arithmetic": lambda x: 1.0 / (x * x + 1.0) + tf.divide(tf.subtract(x, 0.25), 3.0) + (2.0 - x) * x / (x * x + 2.0),
    "bounds and powers": lambda x: tf.maximum(x, -0.5) ** 2 + tf.minimum(x, 0.5) + tf.clip_by_value(x, -0.3, 0.6) + tf.pow(x, 3.0),
    "constants of channels": lambda x: x * np.array([1.0, 2.0, 0.5, -1.0, 0.25, 3.0]) + tf.constant([0.5] * 5 + [-1.0], tf.float64),
    "reductions": lambda x: x * tf.reduce_mean(x, axis=[1, 2], keepdims=True) + tf.reduce_max(x, axis=-1, keepdims=True),
    "sum and extreme": lambda x: tf.reduce_sum(x, 1) + tf.reduce_min(x, axis=1),
    "rearranged": lambda x: tf.concat([tf.transpose(steps(x), (0, 2, 1))[:, :, ::5], tf.expand_dims(x[:, 0, 0], -1)], axis=2),
    "stacked and turned": lambda x: tf.stack([x[:, 0], tf.squeeze(tf.reverse(x, [1])[:, :1], axis=1)], axis=1),
    "slices": lambda x: x[:, 1:, ::2, -4:-1] * x[..., 1:, 0:2, 3:0:-1],
    "matrix products": lambda x: tf.matmul(steps(x), tf.matmul(steps(x), steps(tf.tanh(x)), transpose_a=True), transpose_b=True),
    "windows": lambda x: tf.nn.avg_pool2d(
        tf.nn.max_pool2d(tf.pad(x, [[0, 0], [1, 0], [0, 1], [0, 0]]), 2, [1, 2], "SAME"), [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
    "resized and of length 1": lambda x: tf.math.l2_normalize(tf.image.resize(x, (5, 4), method="nearest"), axis=-1),
    "sum of several": lambda x: tf.add_n([x, tf.tanh(x), tf.identity(x)]),
    "spreads and rolls": lambda x: x * tf.math.reduce_variance(x, [1, 2], keepdims=True)
    + tf.roll(x, [1, -2], [1, 3]) * tf.math.reduce_std(x, axis=-1, keepdims=True) - tf.roll(x, 1, 2),
    "parts": lambda x: tf.concat(tf.split(x, [2, 1, 3], axis=-1)[::-1], -1) * tf.split(x, 2, axis=1)[1][:, :1],
    "parts and the rest": lambda x: tf.split(x, [2, -1], axis=-1)[1] * x[..., 1:5],
}


def around(function):
    """A function between a layer that trains and another."""
    return lambda x: L.Dense(2)(L.Flatten()(function(L.Conv2D(6, 1)(x))))


cases = {name: around(function) for name, function in CASES.items()}
write_cases(os.path.join(os.path.dirname(__file__), "tensorflow_functions.h5"), cases, keras)
