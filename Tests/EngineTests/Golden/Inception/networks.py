"""The Inception networks in Keras, written from the papers' tables and figures where Keras has none.

Layers are named after their module, branch and step: `inception_3a_2_1` is the 1x1 before the 3x3 of module 3a.
"""
import os
import sys

import keras
from keras import layers

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../scripts"))
import dptrain_keras


class Units:
    """What a network's convolutions are wrapped in."""

    def __init__(self, normalized, bias):
        self.normalized, self.bias = normalized, bias

    def conv(self, x, name, filters, kernel, strides=1, padding="same"):
        if not self.normalized:
            return layers.Conv2D(filters, kernel, strides, padding, activation="relu", name=name)(x)
        x = layers.Conv2D(filters, kernel, strides, padding, use_bias=self.bias, name=name)(x)
        return layers.Activation("relu", name=name + "_ac")(layers.BatchNormalization(name=name + "_bn")(x))

    def chain(self, x, name, *filters_and_kernels, first=1):
        for number, step in enumerate(filters_and_kernels, first):
            x = self.conv(x, f"{name}_{number}", *step)
        return x

    def average(self, x, name, filters):
        x = layers.AveragePooling2D(3, 1, "same", name=name + "_1")(x)
        return self.chain(x, name, (filters, 1), first=2)


def halve(x, name, padding="valid"):
    return layers.MaxPooling2D(3, 2, padding, name=name)(x)


def top(x, classes):
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    return layers.Dense(classes, activation="softmax", name="predictions")(x)


def shrink(x):
    """5x5, or what there is."""
    return tuple(min(5, side) for side in x.shape[1:3])


def googlenet(shape, classes, naive=False):
    units = Units(normalized=False, bias=True)
    modules = {
        "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
        "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
        "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128),
        "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
    }
    outputs = []
    x = inputs = keras.Input(shape)
    x = halve(units.conv(x, "conv1_1", 64, 7, 2), "pool1", "same")
    x = dptrain_keras.LocalResponseNormalization(name="norm1")(x)
    x = units.chain(x, "conv2", (64, 1), (192, 3))
    x = halve(dptrain_keras.LocalResponseNormalization(name="norm2")(x), "pool2", "same")
    for module, (one, three_reduce, three, five_reduce, five, projection) in modules.items():
        if module in ("4a", "5a"):
            x = halve(x, f"pool_{module}", "same")
        name = f"inception_{module}"
        pooled = layers.MaxPooling2D(3, 1, "same", name=f"{name}_4_1")(x)
        x = layers.Concatenate(name=name)([
            units.chain(x, f"{name}_1", (one, 1)),
            units.chain(x, f"{name}_2", *([] if naive else [(three_reduce, 1)]), (three, 3)),
            units.chain(x, f"{name}_3", *([] if naive else [(five_reduce, 1)]), (five, 5)),
            pooled if naive else units.chain(pooled, f"{name}_4", (projection, 1), first=2),
        ])
        if not naive and module in ("4a", "4d"):
            y = layers.AveragePooling2D(shrink(x), 3)(x)
            y = units.conv(y, f"auxiliary_{module}_conv", 128, 1)
            y = layers.Dense(1024, activation="relu", name=f"auxiliary_{module}_dense")(layers.Flatten()(y))
            outputs.append(layers.Dense(classes, activation="softmax", name=f"auxiliary_{module}_predictions")(y))
    return inputs, [top(x, classes)] + outputs


def bn_inception(shape, classes):
    units = Units(normalized=True, bias=True)
    modules = {
        "3a": (64, 64, 64, 64, 96, 32), "3b": (64, 64, 96, 64, 96, 64), "3c": (None, 128, 160, 64, 96, None),
        "4a": (224, 64, 96, 96, 128, 128), "4b": (192, 96, 128, 96, 128, 128),
        "4c": (160, 128, 160, 128, 160, 128), "4d": (96, 128, 192, 160, 192, 128),
        "4e": (None, 128, 192, 192, 256, None),
        "5a": (352, 192, 320, 160, 224, 128), "5b": (352, 192, 320, 192, 224, 128),
    }
    x = inputs = keras.Input(shape)
    x = halve(units.conv(x, "conv1_1", 64, 7, 2), "conv1_2", "same")
    x = halve(units.chain(x, "conv2", (64, 1), (192, 3)), "conv2_3", "same")
    for module, (one, reduce, three, reduce_double, double, projection) in modules.items():
        name = f"inception_{module}"
        if one is None:
            x = layers.Concatenate(name=name)([
                units.chain(x, f"{name}_1", (reduce, 1), (three, 3, 2)),
                units.chain(x, f"{name}_2", (reduce_double, 1), (double, 3), (double, 3, 2)),
                halve(x, f"{name}_3_1", "same"),
            ])
            continue
        if module == "5b":
            pooled = layers.MaxPooling2D(3, 1, "same", name=f"{name}_4_1")(x)
            pooled = units.chain(pooled, f"{name}_4", (projection, 1), first=2)
        else:
            pooled = units.average(x, f"{name}_4", projection)
        x = layers.Concatenate(name=name)([
            units.chain(x, f"{name}_1", (one, 1)),
            units.chain(x, f"{name}_2", (reduce, 1), (three, 3)),
            units.chain(x, f"{name}_3", (reduce_double, 1), (double, 3), (double, 3)),
            pooled,
        ])
    return inputs, [top(x, classes)]


def inception_v3(shape, classes):
    model = keras.applications.InceptionV3(weights=None, input_shape=shape, classes=classes)

    def conv(x, filters, kernel, name):
        x = layers.Conv2D(filters, kernel, use_bias=False, name=name)(x)
        x = layers.BatchNormalization(scale=False, name=name + "_bn")(x)
        return layers.Activation("relu", name=name + "_ac")(x)

    x = model.get_layer("mixed7").output
    x = conv(layers.AveragePooling2D(shrink(x), 3)(x), 128, 1, "auxiliary_1")
    x = layers.GlobalAveragePooling2D()(conv(x, 768, shrink(x), "auxiliary_2"))
    x = layers.Dense(classes, activation="softmax", name="auxiliary_predictions")(x)
    return model.input, [model.output, x]


def stem_of_v4(units, inputs):
    x = units.chain(inputs, "stem", (32, 3, 2, "valid"), (32, 3, 1, "valid"), (64, 3))
    x = layers.Concatenate()([halve(x, "stem_a_1_1"), units.chain(x, "stem_a_2", (96, 3, 2, "valid"))])
    x = layers.Concatenate()([
        units.chain(x, "stem_b_1", (64, 1), (96, 3, 1, "valid")),
        units.chain(x, "stem_b_2", (64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3, 1, "valid")),
    ])
    return layers.Concatenate()([units.chain(x, "stem_c_1", (192, 3, 2, "valid")), halve(x, "stem_c_2_1")])


def reduction_a(units, x, name, k, l, m, n):
    return layers.Concatenate(name=name)([
        units.chain(x, f"{name}_1", (n, 3, 2, "valid")),
        units.chain(x, f"{name}_2", (k, 1), (l, 3), (m, 3, 2, "valid")),
        halve(x, f"{name}_3_1"),
    ])


def inception_v4(shape, classes):
    units = Units(normalized=True, bias=False)
    chain = units.chain
    inputs = keras.Input(shape)
    x = stem_of_v4(units, inputs)
    for number in range(1, 5):
        name = f"inception_a{number}"
        x = layers.Concatenate(name=name)([
            chain(x, f"{name}_1", (96, 1)),
            chain(x, f"{name}_2", (64, 1), (96, 3)),
            chain(x, f"{name}_3", (64, 1), (96, 3), (96, 3)),
            units.average(x, f"{name}_4", 96),
        ])
    x = reduction_a(units, x, "reduction_a", 192, 224, 256, 384)
    for number in range(1, 8):
        name = f"inception_b{number}"
        x = layers.Concatenate(name=name)([
            chain(x, f"{name}_1", (384, 1)),
            chain(x, f"{name}_2", (192, 1), (224, (1, 7)), (256, (7, 1))),
            chain(x, f"{name}_3", (192, 1), (192, (7, 1)), (224, (1, 7)), (224, (7, 1)), (256, (1, 7))),
            units.average(x, f"{name}_4", 128),
        ])
    name = "reduction_b"
    x = layers.Concatenate(name=name)([
        chain(x, f"{name}_1", (192, 1), (192, 3, 2, "valid")),
        chain(x, f"{name}_2", (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2, "valid")),
        halve(x, f"{name}_3_1"),
    ])
    for number in range(1, 4):
        name = f"inception_c{number}"
        y = chain(x, f"{name}_2", (384, 1))
        z = chain(x, f"{name}_3", (384, 1), (448, (3, 1)), (512, (1, 3)))
        x = layers.Concatenate(name=name)([
            chain(x, f"{name}_1", (256, 1)),
            chain(y, f"{name}_2_2_1", (256, (1, 3))), chain(y, f"{name}_2_2_2", (256, (3, 1))),
            chain(z, f"{name}_3_4_1", (256, (1, 3))), chain(z, f"{name}_3_4_2", (256, (3, 1))),
            units.average(x, f"{name}_4", 256),
        ])
    return inputs, [top(x, classes)]


def residual(x, branches, scale, name):
    x_and_branches = layers.Conv2D(x.shape[-1], 1, name=f"{name}_conv")(layers.Concatenate()(branches))
    return layers.Activation("relu")(layers.Add()([x, layers.Rescaling(scale)(x_and_branches)]))


def residual_blocks(x, units, classes, block35, reduction, block17, mixed_7a, block8):
    """Blocks A, B and C with the reductions between them; a branch is a chain of convolutions."""
    chain = units.chain

    def blocks(x, kind, count, scale, branches):
        for number in range(1, count + 1):
            name = f"{kind}_{number}"
            parts = [chain(x, f"{name}_{i}", *branch) for i, branch in enumerate(branches, 1)]
            x = residual(x, parts, scale, name)
        return x

    x = blocks(x, "block35", 5, 0.17, block35)
    x = reduction_a(units, x, "mixed_6a", *reduction)
    x = blocks(x, "block17", 10, 0.1, block17)
    branches = [chain(x, f"mixed_7a_{i}", *branch) for i, branch in enumerate(mixed_7a, 1)]
    x = layers.Concatenate()([*branches, halve(x, "mixed_7a_4_1")])
    x = blocks(x, "block8", 5, 0.2, block8)
    return [top(x, classes)]


def inception_resnet_v1(shape, classes):
    units = Units(normalized=True, bias=False)
    chain = units.chain
    x = inputs = keras.Input(shape)
    x = halve(chain(x, "stem", (32, 3, 2, "valid"), (32, 3, 1, "valid"), (64, 3)), "stem_4")
    x = chain(x, "stem", (80, 1), (192, 3, 1, "valid"), (256, 3, 2, "valid"), first=5)
    return inputs, residual_blocks(
        x, units, classes,
        block35=[[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (32, 3), (32, 3)]],
        reduction=(192, 192, 256, 384),
        block17=[[(128, 1)], [(128, 1), (128, (1, 7)), (128, (7, 1))]],
        mixed_7a=[
            [(256, 1), (384, 3, 2, "valid")], [(256, 1), (256, 3, 2, "valid")],
            [(256, 1), (256, 3), (256, 3, 2, "valid")]],
        block8=[[(192, 1)], [(192, 1), (192, (1, 3)), (192, (3, 1))]])


def inception_resnet_v2_paper(shape, classes):
    units = Units(normalized=True, bias=False)
    inputs = keras.Input(shape)
    return inputs, residual_blocks(
        stem_of_v4(units, inputs), units, classes,
        block35=[[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]],
        reduction=(256, 256, 384, 384),
        block17=[[(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))]],
        mixed_7a=[
            [(256, 1), (384, 3, 2, "valid")], [(256, 1), (288, 3, 2, "valid")],
            [(256, 1), (288, 3), (320, 3, 2, "valid")]],
        block8=[[(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))]])


def inception_resnet_v2(shape, classes):
    model = keras.applications.InceptionResNetV2(weights=None, input_shape=shape, classes=classes)
    return model.input, [model.output]


# Name, builder, samples and image of the golden files, weight of auxiliary losses. Inception-v3's auxiliary classifier
# normalises a value a sample.
NETWORKS = {
    "googlenet-auxiliary": (googlenet, 2, (96, 64, 3), 0.3),
    "googlenet-naive": (lambda shape, classes: googlenet(shape, classes, naive=True), 2, (96, 64, 3), None),
    "bn-inception": (bn_inception, 2, (96, 64, 3), None),
    "inception-v3-auxiliary": (inception_v3, 6, (107, 75, 3), 0.4),
    "inception-v4": (inception_v4, 2, (139, 123, 3), None),
    "inception-resnet-v1": (inception_resnet_v1, 2, (139, 123, 3), None),
    "inception-resnet-v2": (inception_resnet_v2, 2, (139, 123, 3), None),
    "inception-resnet-v2-paper": (inception_resnet_v2_paper, 2, (139, 123, 3), None),
}
