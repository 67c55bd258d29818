"""The layers and optimizers of dptrain that Keras lacks. Keras opens models that have them once this file is imported:

    import dptrain_keras
    model = keras.models.load_model("latest.h5")

Options and arithmetic are those of the files in Sources/Models/Layers and Sources/Optimization/Optimizers.
"""

import keras
from keras import ops

register = keras.saving.register_keras_serializable(package="dptrain")


@register
class CustomScaleLayer(keras.layers.Layer):
    """x * scale, or x + residual * scale. keras.applications has a class of this name for the second form."""

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
class ScalarOperation(keras.layers.Layer):
    """A function of each element."""

    FUNCTIONS = {
        "absolute": ops.abs, "square": ops.square, "exponential": ops.exp, "logarithm": ops.log, "sine": ops.sin,
        "cosine": ops.cos, "square_root": ops.sqrt, "power": ops.power, "quotient": lambda x, c: c / x, "clip": ops.clip,
        "logarithm_of_one_plus": ops.log1p, "exponential_less_one": ops.expm1, "sign": ops.sign,
        "at_least": ops.maximum, "at_most": ops.minimum, "approximate_gelu": ops.gelu,
    }

    def __init__(self, function, constants=None, **kwargs):
        super().__init__(**kwargs)
        self.function, self.constants = function, constants

    def call(self, inputs):
        return self.FUNCTIONS[self.function](inputs, *(self.constants or []))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"function": self.function, "constants": self.constants}


@register
class Divide(keras.layers.Layer):
    """The quotient of two inputs."""

    def call(self, inputs):
        return inputs[0] / inputs[1]


@register
class Reduction(keras.layers.Layer):
    """The sum, mean, extreme or spread along axes, which are counted with that of the batch."""

    def __init__(self, kind, axes, keepdims=False, **kwargs):
        super().__init__(**kwargs)
        self.kind, self.axes, self.keepdims = kind, list(axes), keepdims

    def call(self, inputs):
        function = {"sum": ops.sum, "mean": ops.mean, "max": ops.max, "min": ops.min, "variance": ops.var, "std": ops.std}[self.kind]
        return function(inputs, axis=self.axes, keepdims=self.keepdims)

    def get_config(self):
        return super().get_config() | {"kind": self.kind, "axes": self.axes, "keepdims": self.keepdims}


@register
class Slice(keras.layers.Layer):
    """For each axis of a sample: from where, every how many, how many elements, and 1 if the axis is left out."""

    def __init__(self, axes, **kwargs):
        super().__init__(**kwargs)
        self.axes = [list(axis) for axis in axes]

    def call(self, inputs):
        parts = [slice(None)]
        for start, step, count, drops in self.axes:
            stop = start + step * count
            parts.append(start if drops else slice(start, None if stop < 0 else stop, step))
        return inputs[tuple(parts)]

    def get_config(self):
        return super().get_config() | {"axes": self.axes}


@register
class Roll(keras.layers.Layer):
    """Elements moved by a number of places for each axis of a sample."""

    def __init__(self, shifts, **kwargs):
        super().__init__(**kwargs)
        self.shifts = list(shifts)

    def call(self, inputs):
        return ops.roll(inputs, self.shifts, axis=list(range(1, len(self.shifts) + 1)))

    def get_config(self):
        return super().get_config() | {"shifts": self.shifts}


@register
class Stack(keras.layers.Layer):
    """Its inputs side by side along a new axis, which is counted with that of the batch."""

    def __init__(self, axis, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs):
        return ops.stack(inputs, axis=self.axis)

    def get_config(self):
        return super().get_config() | {"axis": self.axis}


@register
class MatrixProduct(keras.layers.Layer):
    """The product of two matrices of each sample, of which either may be given with its axes the other way round."""

    def __init__(self, transpose_first=False, transpose_second=False, **kwargs):
        super().__init__(**kwargs)
        self.transpose_first, self.transpose_second = transpose_first, transpose_second

    def call(self, inputs):
        first, second = inputs
        first = ops.swapaxes(first, -1, -2) if self.transpose_first else first
        second = ops.swapaxes(second, -1, -2) if self.transpose_second else second
        return ops.matmul(first, second)

    def get_config(self):
        return super().get_config() | {
            "transpose_first": self.transpose_first, "transpose_second": self.transpose_second}


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
    """The mean over the pixels inside the image."""

    def call(self, inputs):
        pool = super().call
        return pool(self.extended(inputs, 0.0)) / pool(self.extended(ops.ones_like(inputs), 0.0))


@register
def keras2_hard_sigmoid(x):
    """0.2 x + 1/2, between 0 and 1: the hard_sigmoid of Keras 2 and tf_keras."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@register
def scaled_tanh(x):
    """1.7159 tanh(2/3 x): LeCun et al., 1998, appendix A."""
    return 1.7159 * ops.tanh(2 / 3 * x)


@register
def maximum_a_posteriori(labels, distances):
    """d + log(exp(-j) + sum(exp(-distances))), d the label's distance: LeCun et al., 1998, equation 9, with j = 84."""
    labels = ops.cast(ops.reshape(labels, (-1,)), "int32")
    own = ops.sum(distances * ops.one_hot(labels, distances.shape[-1], dtype=distances.dtype), axis=-1)
    rubbish = ops.full_like(distances[:, :1], -84.0)
    return own + ops.logsumexp(ops.concatenate([-distances, rubbish], axis=-1), axis=-1)


@register
class Subsampling2D(keras.layers.Layer):
    """activation(coefficient * sum of the window + bias), with a coefficient and a bias for each channel."""

    def __init__(self, pool_size=(2, 2), activation=None, coefficient_initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.pool_size = tuple(pool_size)
        self.activation = keras.activations.get(activation)
        self.coefficient_initializer = keras.initializers.get(coefficient_initializer)

    def build(self, shape):
        self.coefficient = self.add_weight(
            name="coefficient", shape=(shape[-1],), initializer=self.coefficient_initializer)
        self.bias = self.add_weight(name="bias", shape=(shape[-1],), initializer="zeros")

    def call(self, x):
        total = self.pool_size[0] * self.pool_size[1] * ops.average_pool(x, self.pool_size, self.pool_size)
        return self.activation(self.coefficient * total + self.bias)

    def compute_output_shape(self, shape):
        height, width = (n if n is None else n // size for n, size in zip(shape[1:3], self.pool_size))
        return shape[0], height, width, shape[3]

    def get_config(self):
        return super().get_config() | {
            "pool_size": self.pool_size,
            "activation": keras.activations.serialize(self.activation),
            "coefficient_initializer": keras.initializers.serialize(self.coefficient_initializer),
        }


@register
class PartialConvolution2D(keras.layers.Layer):
    """A convolution whose output map i sees the input maps connections[i] only.

    The kernel is [height, width, connection], with the connections of the first output map first.
    """

    def __init__(self, kernel_size, connections, activation=None, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.kernel_size = (kernel_size,) * 2 if isinstance(kernel_size, int) else tuple(kernel_size)
        self.connections = [list(maps) for maps in connections]
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, shape):
        count = sum(map(len, self.connections))
        self.kernel = self.add_weight(
            name="kernel", shape=(*self.kernel_size, count), initializer=self.kernel_initializer)
        self.bias = self.add_weight(name="bias", shape=(len(self.connections),), initializer="zeros")
        # Where each connection stands among all pairs of input and output map.
        places = [source * len(self.connections) + i for i, maps in enumerate(self.connections) for source in maps]
        self.pairs = (shape[-1], len(self.connections))
        self.places = places

    def call(self, x):
        pairs = self.pairs[0] * self.pairs[1]
        spread = ops.matmul(self.kernel, ops.one_hot(self.places, pairs, dtype=self.kernel.dtype))
        kernel = ops.reshape(spread, (*self.kernel_size, *self.pairs))
        return self.activation(ops.conv(x, kernel, padding="valid") + self.bias)

    def compute_output_shape(self, shape):
        height, width = (n if n is None else n - size + 1 for n, size in zip(shape[1:3], self.kernel_size))
        return shape[0], height, width, len(self.connections)

    def get_config(self):
        return super().get_config() | {
            "kernel_size": self.kernel_size,
            "connections": self.connections,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@register
class RadialBasis(keras.layers.Layer):
    """Squared distances to fixed codes of +-1, a row for each unit. The codes come with the weights of a file."""

    def __init__(self, units, codes="signs", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.initial_codes = codes

    def build(self, shape):
        self.codes = self.add_weight(
            name="codes", shape=(self.units, shape[-1]), initializer="ones", trainable=False)

    def call(self, x):
        return ops.sum(ops.square(x[:, None, :] - self.codes), axis=-1)

    def compute_output_shape(self, shape):
        return shape[0], self.units

    def get_config(self):
        return super().get_config() | {"units": self.units, "codes": self.initial_codes}


@register
class LARS(keras.optimizers.Optimizer):
    """Momentum whose step is scaled, for each weight that decays, to the norm of the weight (You et al., 2017)."""

    def __init__(self, learning_rate=0.1, momentum=0.0, trust=0.001, weight_decay=1e-4, name="lars", **kwargs):
        super().__init__(learning_rate=learning_rate, weight_decay=weight_decay, name=name, **kwargs)
        self.momentum, self.trust = momentum, trust

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocities = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def _apply_weight_decay(self, variables):
        """The decay is a part of the gradient."""

    def update_step(self, gradient, variable, learning_rate):
        decay = self.weight_decay if self.weight_decay and self._use_weight_decay(variable) else 0.0
        norm, change = ops.norm(gradient), ops.norm(variable)
        scale = self.trust * change / (norm + decay * change + 1e-8)
        scale = ops.where((norm > 0) & (change > 0) & (decay > 0), scale, 1.0)
        rate = ops.cast(learning_rate, variable.dtype) * scale
        velocity = self.velocities[self._get_variable_index(variable)]
        self.assign(velocity, velocity * self.momentum - (gradient + decay * variable) * rate)
        self.assign_add(variable, velocity)

    def get_config(self):
        return super().get_config() | {"momentum": self.momentum, "trust": self.trust}
