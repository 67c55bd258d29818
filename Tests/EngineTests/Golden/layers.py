"""Writes layers.h5: small Keras models around one layer each, in double precision. For each: the model's JSON, weights, a
batch, the outputs, and the mean squared error's gradients by all weights (KerasLayerTests.swift).

    python3 layers.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

keras.config.set_floatx("float64")
random = np.random.default_rng(7)
IMAGE, SAMPLES = (4, 3, 6), 3
ACTIVATIONS = [
    "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "softplus", "softsign", "exponential", "squareplus", "leaky_relu",
    "relu6", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "log_sigmoid",
    "log_softmax", "sparse_plus", "sparse_sigmoid", "softmax",
]


def around(layer):
    """A layer between one that trains and another."""

    def build(x):
        y = layer()(L.Conv2D(6, 1)(x))
        return L.Dense(2)(L.Flatten()(y) if len(y.shape) > 2 else y)

    return build


def of_vectors(layer):
    def build(x):
        return L.Dense(2)(layer()(L.Dense(8)(L.Flatten()(x))))

    return build


def merged(layer, count=2, squeeze=False):
    def build(x):
        inputs = [L.Conv2D(6, 1)(x) for _ in range(count)]
        if squeeze:
            inputs[1] = L.Reshape((1, 1, 6))(L.Dense(6)(L.GlobalAveragePooling2D()(inputs[1])))
        return L.Dense(2)(L.Flatten()(layer()(inputs)))

    return build


def angle(normalize):
    def build(x):
        x = L.Flatten()(x)
        return L.Dense(2)(L.Dot(axes=1, normalize=normalize)([L.Dense(4)(x), L.Dense(4)(x)]))

    return build


CASES = {f"activation {name}": around(lambda name=name: L.Activation(name)) for name in ACTIVATIONS} | {
    "dense gelu": of_vectors(lambda: L.Dense(5, activation="gelu")),
    "ReLU bounded": around(lambda: L.ReLU(max_value=0.8, negative_slope=0.1, threshold=0.2)),
    "LeakyReLU": around(lambda: L.LeakyReLU(negative_slope=0.15)),
    "ELU": around(lambda: L.ELU(alpha=0.7)),
    "PReLU": around(lambda: L.PReLU(alpha_initializer="ones")),
    "PReLU of channels": around(lambda: L.PReLU(alpha_initializer="ones", shared_axes=[1, 2])),
    "PReLU along a row": around(lambda: L.PReLU(alpha_initializer="ones", shared_axes=[2])),
    "Multiply": merged(lambda: L.Multiply(), 3),
    "Multiply by a squeeze": merged(lambda: L.Multiply(), squeeze=True),
    "Average": merged(lambda: L.Average(), 3),
    "Maximum": merged(lambda: L.Maximum(), 3),
    "Minimum": merged(lambda: L.Minimum()),
    "Minimum of a squeeze": merged(lambda: L.Minimum(), squeeze=True),
    "Subtract": merged(lambda: L.Subtract(), squeeze=True),
    "Dot": angle(False),
    "Dot normalized": angle(True),
    "Reshape": around(lambda: L.Reshape((2, -1, 3))),
    "Permute": around(lambda: L.Permute((3, 1, 2))),
    "Cropping2D": around(lambda: L.Cropping2D(((1, 0), (1, 1)))),
    "GlobalMaxPooling2D": around(lambda: L.GlobalMaxPooling2D()),
    "GlobalMaxPooling2D keepdims": around(lambda: L.GlobalMaxPooling2D(keepdims=True)),
    "GlobalAveragePooling2D keepdims": around(lambda: L.GlobalAveragePooling2D(keepdims=True)),
    "LayerNormalization": around(lambda: L.LayerNormalization()),
    "LayerNormalization plain": of_vectors(lambda: L.LayerNormalization(epsilon=1e-6, center=False, scale=False)),
    "GroupNormalization": around(lambda: L.GroupNormalization(3)),
    "GroupNormalization of one": around(lambda: L.GroupNormalization(-1, epsilon=1e-5, scale=False)),
    "UnitNormalization": around(lambda: L.UnitNormalization()),
    "DepthwiseConv2D": around(lambda: L.DepthwiseConv2D(3, padding="same", activation="relu6")),
    "DepthwiseConv2D strided": around(lambda: L.DepthwiseConv2D((2, 3), strides=2, depth_multiplier=2, use_bias=False)),
    "DepthwiseConv2D dilated": around(lambda: L.DepthwiseConv2D(2, dilation_rate=2, padding="same", depth_multiplier=3)),
}


def write(group, build):
    x = keras.Input(IMAGE)
    model = keras.Model(x, build(x))
    for weight in model.weights:
        weight.assign(weight + 0.3 * random.standard_normal(weight.shape))
    # Numbers that are the same in single precision.
    values = [w.numpy().astype(np.float32) for w in model.weights]
    model.set_weights(values)
    inputs = random.standard_normal((SAMPLES, *IMAGE)).astype(np.float32)
    targets = random.standard_normal((SAMPLES, 2)).astype(np.float32)
    with tf.GradientTape() as tape:
        outputs = model(inputs.astype(np.float64))
        loss = tf.reduce_sum(tf.reduce_mean((outputs - targets) ** 2, axis=1))
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    group.attrs["model"] = model.to_json().replace("float64", "float32")
    flat = lambda values: np.concatenate([np.asarray(v).reshape(-1) for v in values])
    for name, data in [("weights", flat(values)), ("inputs", inputs), ("targets", targets)]:
        group.create_dataset(name, data=data.reshape(-1))
    for name, data in [("outputs", outputs), ("gradients", flat([tf.convert_to_tensor(g) for g in gradients]))]:
        group.create_dataset(name, data=np.asarray(data, np.float32).reshape(-1))


def write_cases(path, cases):
    with h5py.File(path, "w", libver="latest") as file:
        for name, build in cases.items():
            keras.utils.set_random_seed(7)
            keras.backend.clear_session()
            write(file.create_group(name.replace(" ", "-")), build)


if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "layers.h5"), CASES)
