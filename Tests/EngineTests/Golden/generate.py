"""Writes golden data for EngineTests: what Keras computes for models of the zoo, one HDF5 file a model.

    python generate.py [MODEL...]          (needs keras with tensorflow, h5py; written with Keras 3.15)

Keras runs in double precision, so the files hold the truth and a test's tolerance bounds the engine's rounding alone.
Weights and samples are not stored: both sides compute them from the same integer hash (GoldenTests.swift), exactly. Large
networks are made narrow: all layers but the last have a part of their filters or units, as GoldenModel says.

    /outputs      [n, classes] probabilities (distances, logits) of a training pass
    /predictions  [n, classes] the same from moving statistics
    /losses       [4] before and after each of three steps of SGD with attribute `rate`: sums over samples
    /gradients    [parameters, 1 + kept] of the summed loss, in the order of paths: the norm, then at most so many elements,
                  at places given by the hash; of moving statistics: samples * the batch's
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
from counter_random import mix, numbers

CLASSES = 10
STEPS = 3
INPUT, LABELS, PLACES = 1000, 1001, 2000


def ends_residual(path, paths):
    """Whether this scales the last normalisation of a residual branch."""
    if "_block" not in path:
        return False
    is_second = path.endswith("_2_bn/gamma") and path.replace("_2_bn", "_3_bn") not in paths
    return is_second or path.endswith("_3_bn/gamma")


def values(index, paths, shape):
    """Parameter `index` in the order of paths: single precision throughout.

    The last normalisation of a residual branch counts a quarter. With residual branches as strong as the shortcuts fifty
    layers amplify rounding so much that Keras's own gradients in single precision are 13 % off those in double.
    """
    path = paths[index]
    name = path.rsplit("/")[-1]
    u = numbers(index, int(np.prod(shape)))
    if name == "kernel":
        fan_in = int(np.prod(shape[:-1]))
        u = u * np.sqrt(np.float32(6) / np.float32(fan_in))
    else:
        u = u * np.float32(0.25) + np.float32(1 if name in ("gamma", "moving_variance") else 0)
    if ends_residual(path, paths):
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


def application(name, side, narrow=1, **options):
    """A network of keras.applications, with a part of its filters and units."""
    model = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=CLASSES, **options)
    last = model.layers[-1].name

    def clone(layer):
        config = layer.get_config()
        for key in ("filters", "units"):
            if key in config and layer.name != last:
                config[key] //= narrow
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=clone) if narrow > 1 else model


def ends(model):
    return model.input, model.output


def small_cnn(side, steps, classes=CLASSES, activation="softmax"):
    """Numbers are filters, until they are units; `p` pools, `r` is a ReLU, `f` flattens."""
    x = inputs = keras.Input((side, side, 3))
    dense = False
    for step in steps:
        if step == "p":
            x = layers.MaxPooling2D()(x)
        elif step == "r":
            x = layers.Activation("relu")(x)
        elif step == "f":
            x, dense = layers.Flatten()(x), True
        else:
            x = layers.Dense(step, activation="relu")(x) if dense else layers.Conv2D(step, 3, activation="relu")(x)
    return inputs, layers.Dense(classes, activation=activation)(x)


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
    for filters, kernel, strides, pools in ((96, 11, 4, 1), (256, 11, 1, 1), (384, 3, 1, 0), (384, 3, 1, 0), (256, 3, 1, 1)):
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


def shortened(x, filters, strides):
    """The shortcut without parameters."""
    return layers.Lambda(
        lambda x: tf.pad(x[:, ::strides, ::strides], [(0, 0)] * 3 + [(0, filters - x.shape[-1])]))(x)


def resnet_cifar_8_v1_identity():
    def convolution(x, filters, strides=1):
        return layers.BatchNormalization()(layers.Conv2D(filters, 3, strides=strides, padding="same")(x))

    x = inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(convolution(x, 16))
    for stack, filters in enumerate((16, 32, 64)):
        strides = 2 if stack > 0 else 1
        y = convolution(layers.ReLU()(convolution(x, filters, strides)), filters)
        x = layers.ReLU()(layers.Add()([shortened(x, filters, 2) if stack > 0 else x, y]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return inputs, layers.Dense(CLASSES, activation="softmax")(x)


def resnet18_identity(narrow):
    def convolution(x, filters, kernel, strides, name):
        if strides > 1:
            x = layers.ZeroPadding2D(kernel // 2)(x)
        padding = "valid" if strides > 1 else "same"
        x = layers.Conv2D(filters, kernel, strides, padding, use_bias=False, name=name + "_conv")(x)
        return layers.BatchNormalization(epsilon=1.001e-5, name=name + "_bn")(x)

    x = inputs = keras.Input((64, 64, 3))
    x = layers.ReLU()(convolution(x, 64 // narrow, 7, 2, "conv1"))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage in range(4):
        for block in (1, 2):
            name, filters = f"conv{stage + 2}_block{block}", (64 << stage) // narrow
            strides = 2 if stage > 0 and block == 1 else 1
            y = layers.ReLU()(convolution(x, filters, 3, strides, name + "_1"))
            y = convolution(y, filters, 3, 1, name + "_2")
            x = layers.ReLU()(layers.Add()([shortened(x, filters, 2) if strides > 1 else x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return inputs, layers.Dense(CLASSES, activation="softmax", name="predictions")(x)


def resnet_cifar_11_v2():
    def convolution(x, filters, kernel=1, strides=1):
        return layers.Conv2D(filters, kernel, strides=strides, padding="same")(x)

    def rectified(x):
        return layers.ReLU()(layers.BatchNormalization()(x))

    x = inputs = keras.Input((32, 32, 3))
    x = rectified(convolution(x, 16, 3))
    for stage, (filters, output) in enumerate(((16, 64), (64, 128), (128, 256))):
        strides = 2 if stage > 0 else 1
        y = convolution(x if stage == 0 else rectified(x), filters, 1, strides)
        y = convolution(rectified(y), filters, 3)
        y = convolution(rectified(y), output)
        x = layers.Add()([convolution(x, output, 1, strides), y])
    x = layers.Flatten()(layers.AveragePooling2D(8)(rectified(x)))
    return inputs, layers.Dense(CLASSES, activation="softmax")(x)


def resnet50_transfer(narrow):
    model = application("ResNet50", 64, narrow, include_top=False, pooling="avg")
    for layer in model.layers:
        layer.trainable = False
    return model.input, layers.Dense(CLASSES, activation="softmax", name="dense")(model.output)


def resnet50_cifar100(narrow):
    # The last layer, which is not narrowed, has no filters.
    resnet = application("ResNet50", 64, narrow, include_top=False)
    for layer in resnet.layers:
        layer.trainable = isinstance(layer, layers.BatchNormalization)
    x = inputs = keras.Input((8, 8, 3))
    for _ in range(3):
        x = layers.UpSampling2D()(x)
    # Layer by layer: a model inside a model would prefix nothing, but be one layer.
    outputs = {resnet.layers[0].name: x}
    for layer in resnet.layers[1:]:
        sources = [node.operation.name for node in layer._inbound_nodes[0].parent_nodes]
        values = [outputs[source] for source in sources]
        outputs[layer.name] = layer(values if len(values) > 1 else values[0])
    x = layers.GlobalAveragePooling2D()(outputs[resnet.layers[-1].name])
    x = layers.Dense(256 // narrow, activation="relu", name="dense")(x)
    x = layers.BatchNormalization(name="batch_normalization")(x)
    return inputs, layers.Dense(CLASSES, activation="softmax", name="dense_1")(x)


def sampled(index, tensor, kept):
    flat = np.asarray(tensor, np.float64).ravel()
    if flat.size <= kept:
        return flat
    return flat[(mix(PLACES + index, np.arange(kept)) % np.uint64(flat.size)).astype(np.int64)]


def summed_loss(model, labels, outputs):
    last = model.layers[-1]
    if isinstance(last, dptrain_keras.RadialBasis):
        losses = dptrain_keras.maximum_a_posteriori(labels, outputs)
    elif outputs.shape[-1] == 1:
        losses = keras.losses.binary_crossentropy(labels[:, None] % 2, outputs)
    else:
        is_logits = last.activation is keras.activations.linear
        losses = keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=is_logits)
    return tf.reduce_sum(losses)


def write(name, build, kept=256, fades=False, samples=3):
    keras.backend.clear_session()
    model = keras.Model(*build())
    # By path, which both sides know; Keras sorts layers by depth.
    variables = [(layer, variable) for layer in model.layers for variable in layer.weights]
    variables.sort(key=lambda pair: pair[1].path)
    paths = [variable.path for _, variable in variables]
    for index, (_, variable) in enumerate(variables):
        variable.assign(values(index, paths, variable.shape).astype(np.float64))
    shape = model.input_shape[1:]
    x = numbers(INPUT, samples * int(np.prod(shape))).reshape((samples,) + shape).astype(np.float64)
    if fades:  # To few filters noise of one strength looks all alike.
        x *= 0.5 ** (np.arange(samples) % 3).reshape((samples,) + (1,) * len(shape))
    labels = (mix(LABELS, np.arange(samples)) % np.uint64(CLASSES)).astype(np.int64)

    predictions = model(x, training=False).numpy()
    before = {variable.path: variable.numpy() for _, variable in variables}
    trainable = model.trainable_variables
    losses, rate = [], None
    for step in range(STEPS + 1):
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = summed_loss(model, labels, outputs)
        losses.append(float(loss))
        gradients = [gradient.numpy() for gradient in tape.gradient(loss, [v.value for v in trainable])]
        if step == 0:
            first_outputs = outputs.numpy()
            first = {variable.path: gradient for variable, gradient in zip(trainable, gradients)}
            for layer, variable in variables:
                if variable.path not in first and layer.trainable and hasattr(layer, "momentum"):
                    change = variable.numpy() - layer.momentum * before[variable.path]
                    first[variable.path] = samples * change / (1 - layer.momentum)
            # Far enough to see, near enough that the loss falls.
            rate = float(np.float32(0.1 * losses[0] / sum(np.sum(gradient ** 2) for gradient in gradients)))
        for variable, gradient in zip(trainable, gradients):
            variable.assign_sub(rate * gradient)

    rows = np.zeros((len(variables), 1 + kept))
    for index, (_, variable) in enumerate(variables):
        if variable.path in first:  # Fixed weights have no gradient.
            elements = sampled(index, first[variable.path], kept)
            rows[index, :1 + len(elements)] = [np.linalg.norm(first[variable.path]), *elements]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".h5")
    with h5py.File(path, "w", libver=("v108", "v110")) as file:
        file["outputs"] = first_outputs
        file["predictions"] = predictions
        file["losses"] = losses
        file["losses"].attrs["rate"] = rate
        file.create_dataset("gradients", data=rows, compression="gzip", shuffle=True)
    np.set_printoptions(precision=3, suppress=True, linewidth=150)
    print(name, model.count_params(), "parameters; losses", np.array(losses), "rate", rate)
    print(predictions, first_outputs, sep="\n", flush=True)


WINDOWS = {
    "A": [[3], [3], [3, 3], [3, 3], [3, 3]],
    "C": [[3, 3], [3, 3], [3, 3, 1], [3, 3, 1], [3, 3, 1]],
    "E": [[3, 3], [3, 3], [3] * 4, [3] * 4, [3] * 4],
}

keras.backend.set_floatx("float64")
for arguments in [
    ("mlp", mlp),
    ("simple-cnn", simple_cnn),
    ("lenet5-keras", lenet5_keras),
    ("lenet5-1998", lenet5_1998),
    ("resnet-cifar-8-v1", resnet_cifar_8_v1),
    ("resnet50", lambda: ends(application("ResNet50", 64)), 16),
    ("cnn-tutorial", lambda: small_cnn(32, [32, "p", 64, "p", 64, "f", 64], activation="linear"), 16),
    ("classic-cnn", lambda: small_cnn(32, [32, 32, "p", "r", 64, "p", "f"]), 16),
    ("cats-dogs", lambda: small_cnn(46, [8, "p", 16, "p", 32, "p", 32, "p", "f", 128], 1, "sigmoid"), 16, True),
    ("alexnet", lambda: alexnet(8), 16, True),
    ("alexnet-bn", lambda: alexnet_bn(8), 16, True, 12),
    ("zfnet", lambda: zfnet(8), 16, True),
    ("vgg11-lrn", lambda: vgg(WINDOWS["A"], 8, response=True), 16, True),
    ("vgg16-c", lambda: vgg(WINDOWS["C"], 8), 16, True),
    ("vgg16", lambda: ends(application("VGG16", 32, 8)), 16, True),
    ("vgg19-bn", lambda: vgg(WINDOWS["E"], 8, batch=True), 16, True),
    ("vgg-cifar-18", lambda: vgg_cifar([4, 4, 4, 4], 8), 16, True),
    ("resnet-cifar-8-v1-identity", resnet_cifar_8_v1_identity, 16),
    ("resnet-cifar-11-v2", resnet_cifar_11_v2, 16),
    ("resnet18-identity", lambda: resnet18_identity(8), 16, True),
    ("resnet50-v2", lambda: ends(application("ResNet50V2", 64, 8)), 16, True),
    ("resnet50-transfer", lambda: resnet50_transfer(8), 16, True),
    ("resnet50-cifar100", lambda: resnet50_cifar100(8), 16, True),
]:
    if len(sys.argv) == 1 or arguments[0] in sys.argv[1:]:
        write(*arguments)
