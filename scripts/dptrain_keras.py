"""The layers of dptrain that Keras lacks. Keras opens models that have them once this file is imported:

    import dptrain_keras
    model = keras.models.load_model("latest.h5")

Options and arithmetic are those of the layers' files in Sources/Models/Layers.
"""

import keras
from keras import ops

register = keras.saving.register_keras_serializable(package="dptrain")


@register
class CustomScaleLayer(keras.layers.Layer):
    """x * scale, or x + residual * scale; of the latter keras.applications has a class of this name."""

    def __init__(self, scale, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        if not isinstance(inputs, (list, tuple)):
            return inputs * self.scale
        return inputs[0] + inputs[1] * self.scale

    def compute_output_shape(self, input_shape):
        return input_shape[0] if isinstance(input_shape[0], (list, tuple)) else input_shape

    def get_config(self):
        return super().get_config() | {"scale": self.scale}


@register
class LocalResponseNormalization(keras.layers.Layer):
    """x / (k + alpha * sum of x squared over `size` neighbouring channels) ** beta: AlexNet, 2012."""

    def __init__(self, size=5, k=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        self.size, self.k, self.alpha, self.beta = size, k, alpha, beta

    def call(self, inputs):
        channels, radius = inputs.shape[-1], self.size // 2
        squares = ops.pad(ops.square(inputs), [[0, 0], [0, 0], [0, 0], [radius, radius]])
        total = sum(squares[..., place : place + channels] for place in range(self.size))
        return inputs / (self.k + self.alpha * total) ** self.beta

    def get_config(self):
        return super().get_config() | {"size": self.size, "k": self.k, "alpha": self.alpha, "beta": self.beta}


@register
class IdentityShortcut(keras.layers.Layer):
    """Every stride-th pixel, and zeros for the channels that the image lacks: ResNet's option A, 2015."""

    def __init__(self, filters, strides=(2, 2), **kwargs):
        super().__init__(**kwargs)
        self.filters, self.strides = filters, tuple(strides)

    def call(self, inputs):
        kept = inputs[:, :: self.strides[0], :: self.strides[1]]
        return ops.pad(kept, [[0, 0], [0, 0], [0, 0], [0, self.filters - inputs.shape[-1]]])

    def get_config(self):
        return super().get_config() | {"filters": self.filters, "strides": self.strides}


def overhang(size, window, stride):
    """Pixels of the last window beyond the image, for ceil((size - window) / stride) + 1 windows."""
    places = min(-((window - size) // stride) + 1, (size - 1) // stride + 1)
    return max((places - 1) * stride + window - size, 0)


class CeilPooling:
    """What `padding="ceil"` means: the last window may hang over the end of the image, as in Caffe."""

    def __init__(self, *size_and_strides, padding="ceil", **kwargs):
        if padding != "ceil":
            raise ValueError(f"padding {padding!r} is that of keras.layers: here it is 'ceil'")
        super().__init__(*size_and_strides, padding="valid", **kwargs)

    def extended(self, inputs, value):
        sides = zip(inputs.shape[1:3], self.pool_size, self.strides)
        margins = [(0, overhang(*side)) for side in sides]
        return ops.pad(inputs, [(0, 0), *margins, (0, 0)], constant_values=value)

    def compute_output_shape(self, input_shape):
        sides = zip(input_shape[1:3], self.pool_size, self.strides)
        pixels = [(n + overhang(n, k, s) - k) // s + 1 for n, k, s in sides]
        return (input_shape[0], *pixels, input_shape[3])

    def get_config(self):
        return super().get_config() | {"padding": "ceil"}


@register
class MaxPooling2D(CeilPooling, keras.layers.MaxPooling2D):
    def call(self, inputs):
        return super().call(self.extended(inputs, -float("inf")))


@register
class AveragePooling2D(CeilPooling, keras.layers.AveragePooling2D):
    """The mean over the pixels that are there."""

    def call(self, inputs):
        pool = super().call
        return pool(self.extended(inputs, 0.0)) / pool(self.extended(ops.ones_like(inputs), 0.0))
