"""Writes layers.h5: small Keras models around one layer each, in double precision. For each: the model's JSON, weights, a
batch, the outputs, and the gradients of the sum of mean squared errors by all weights (KerasLayerTests.swift). If layers penalise
their outputs, the loss has the penalties, and is there too.

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


def of_sequences(layer, channels=6):
    """Twelve steps of some channels."""

    def build(x):
        y = layer()(L.Reshape((12, channels))(L.Conv2D(channels, 1)(x)))
        return L.Dense(2)(L.Flatten()(y) if len(y.shape) > 2 else y)

    return build


def in_a_row(*layers):
    def build(x):
        y = L.Conv2D(6, 1)(x)
        for layer in layers:
            y = layer()(y)
        return L.Dense(2)(L.Flatten()(y) if len(y.shape) > 2 else y)

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
    "SeparableConv2D": around(lambda: L.SeparableConv2D(5, 3, padding="same", activation="relu")),
    "SeparableConv2D strided": around(
        lambda: L.SeparableConv2D(7, (3, 2), strides=2, depth_multiplier=2, use_bias=False, activation="silu")),
    "SeparableConv2D dilated": around(lambda: L.SeparableConv2D(4, 2, dilation_rate=2)),
    "SeparableConv2D behind zeros": in_a_row(
        lambda: L.ZeroPadding2D(((1, 0), (2, 1))), lambda: L.SeparableConv2D(3, 3, strides=2)),
    "Conv2DTranspose": around(lambda: L.Conv2DTranspose(5, 3, strides=2, padding="same", activation="tanh")),
    "Conv2DTranspose valid": around(lambda: L.Conv2DTranspose(3, (2, 3), strides=(2, 1), use_bias=False)),
    "Conv2DTranspose of a wide stride": around(lambda: L.Conv2DTranspose(4, 2, strides=3, activation="relu")),
    "Conv2DTranspose padded": around(lambda: L.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=(0, 1))),
    "Conv2DTranspose unpadded": around(lambda: L.Conv2DTranspose(17, 3, strides=2, output_padding=0)),
    "Conv2DTranspose of stride 1": around(lambda: L.Conv2DTranspose(4, 3, padding="same")),
    "Dense on images": in_a_row(lambda: L.Dense(5, activation="relu"), lambda: L.Dense(4, use_bias=False)),
    "Dense on images softmax": around(lambda: L.Dense(5, activation="softmax")),
    "Dense on a pixel": in_a_row(lambda: L.GlobalAveragePooling2D(keepdims=True), lambda: L.Dense(7, activation="gelu")),
    "Dense on sequences": of_sequences(lambda: L.Dense(5, activation="tanh")),
    "Softmax on images": around(lambda: L.Softmax()),
    "Conv1D": of_sequences(lambda: L.Conv1D(5, 3, activation="relu")),
    "Conv1D strided": of_sequences(lambda: L.Conv1D(4, 4, strides=3, padding="same", use_bias=False)),
    "Conv1D dilated": of_sequences(lambda: L.Conv1D(4, 3, dilation_rate=2, groups=2, padding="same")),
    "Conv1D in a row": in_a_row(
        lambda: L.Reshape((12, 6)), lambda: L.Conv1D(8, 3, padding="same"), lambda: L.LayerNormalization(),
        lambda: L.Activation("relu"), lambda: L.MaxPooling1D(), lambda: L.Conv1D(4, 2, activation="gelu"),
        lambda: L.PReLU(alpha_initializer="ones", shared_axes=[1]), lambda: L.Permute((2, 1)),
        lambda: L.GlobalAveragePooling1D()),
    "DepthwiseConv1D": of_sequences(lambda: L.DepthwiseConv1D(3, padding="same", activation="relu6")),
    "SeparableConv1D": of_sequences(lambda: L.SeparableConv1D(5, 3, strides=2, depth_multiplier=2)),
    "Conv1DTranspose": of_sequences(lambda: L.Conv1DTranspose(5, 3, strides=2, padding="same")),
    "MaxPooling1D": of_sequences(lambda: L.MaxPooling1D(3, strides=2, padding="same")),
    "AveragePooling1D": of_sequences(lambda: L.AveragePooling1D(4)),
    "GlobalMaxPooling1D": of_sequences(lambda: L.GlobalMaxPooling1D()),
    "GlobalAveragePooling1D keepdims": of_sequences(lambda: L.GlobalAveragePooling1D(keepdims=True)),
    "ZeroPadding1D": of_sequences(lambda: L.ZeroPadding1D((2, 1))),
    "Cropping1D": of_sequences(lambda: L.Cropping1D((1, 3))),
    "UpSampling1D": of_sequences(lambda: L.UpSampling1D(3)),
    "Resizing": around(lambda: L.Resizing(7, 5)),
    "Resizing smaller": around(lambda: L.Resizing(3, 2, interpolation="bicubic")),
    "Resizing nearest": around(lambda: L.Resizing(6, 2, interpolation="nearest")),
    "Resizing bicubic": around(lambda: L.Resizing(9, 7, interpolation="bicubic")),
    "Resizing cropped": around(lambda: L.Resizing(5, 7, crop_to_aspect_ratio=True)),
    "CenterCrop": around(lambda: L.CenterCrop(3, 2)),
    "CenterCrop of a smaller image": around(lambda: L.CenterCrop(6, 2)),
    "UpSampling2D bilinear": around(lambda: L.UpSampling2D((2, 3), interpolation="bilinear")),
    "UpSampling2D bicubic": around(lambda: L.UpSampling2D(2, interpolation="bicubic")),
    "Conv1D causal": of_sequences(lambda: L.Conv1D(4, 3, dilation_rate=2, padding="causal", activation="relu")),
    "Concatenate of rows": around(
        lambda: lambda y: L.Concatenate(axis=1)([y, L.AveragePooling2D((2, 1))(y), L.Conv2D(6, 1, activation="tanh")(y)])),
    "Concatenate of columns": around(lambda: lambda y: L.Concatenate(axis=-2)([L.Cropping2D(((0, 0), (1, 0)))(y), y])),
    "Concatenate of sequences": of_sequences(lambda: lambda y: L.Concatenate(axis=1)([L.GlobalMaxPooling1D(keepdims=True)(y), y, y])),
    "Softmax of steps": of_sequences(lambda: L.Softmax(axis=1)),
    "Softmax of rows": around(lambda: L.Softmax(axis=1)),
    "Softmax of columns": around(lambda: L.Softmax(axis=-2)),
    "Channels shuffled": in_a_row(
        lambda: L.Reshape((4, 3, 2, 3)), lambda: L.Permute((1, 2, 4, 3)), lambda: L.Reshape((4, 3, 6)), lambda: L.Conv2D(4, 2)),
    "Windows": in_a_row(
        lambda: L.Reshape((2, 2, 1, 3, 6)), lambda: L.Permute((1, 3, 2, 4, 5)), lambda: L.Reshape((2, 36)), lambda: L.Dense(3)),
    "RMSNormalization": around(lambda: L.RMSNormalization(epsilon=0.1)),
    "RMSNormalization of vectors": of_vectors(lambda: L.RMSNormalization()),
    "RepeatVector": in_a_row(
        lambda: L.GlobalAveragePooling2D(), lambda: L.RepeatVector(4), lambda: L.Conv1D(3, 2, activation="tanh")),
    "EinsumDense": of_sequences(lambda: L.EinsumDense("abc,cd->abd", (12, 5), activation="tanh", bias_axes="d")),
    "EinsumDense of vectors": of_vectors(lambda: L.EinsumDense("...x,xy->...y", 5)),
    "AdaptiveAveragePooling2D": around(lambda: L.AdaptiveAveragePooling2D((2, 3))),
    "AdaptiveMaxPooling2D": around(lambda: L.AdaptiveMaxPooling2D((2, 1))),
    "ReLU with a bound below its threshold": around(lambda: L.ReLU(max_value=0.2, negative_slope=0.1, threshold=0.5)),
}


def write(group, build, keras):
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
        if model.losses:  # Of means over the batch.
            loss += SAMPLES * tf.add_n(model.losses)
            group.attrs["loss"] = float(loss)
    # Keras 3 wraps them.
    variables = [w if isinstance(w, tf.Variable) else w.value for w in model.trainable_weights]
    gradients = tape.gradient(loss, variables)
    group.attrs["model"] = model.to_json().replace("float64", "float32")
    flat = lambda values: np.concatenate([np.asarray(v).reshape(-1) for v in values])
    for name, data in [("weights", flat(values)), ("inputs", inputs), ("targets", targets)]:
        group.create_dataset(name, data=data.reshape(-1))
    for name, data in [("outputs", outputs), ("gradients", flat([tf.convert_to_tensor(g) for g in gradients]))]:
        group.create_dataset(name, data=np.asarray(data, np.float32).reshape(-1))


def write_cases(path, cases, keras=keras):
    """`keras` is Keras 3 or tf_keras."""
    with h5py.File(path, "w", libver="latest") as file:
        for name, build in cases.items():
            keras.utils.set_random_seed(7)
            keras.backend.clear_session()
            write(file.create_group(name.replace(" ", "-")), build, keras)


if __name__ == "__main__":
    write_cases(os.path.join(os.path.dirname(__file__), "layers.h5"), CASES)
