"""The ResNets and what is made of them."""
import keras
import tensorflow as tf
from keras import layers

from narrowing import application

CLASSES = 10


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
