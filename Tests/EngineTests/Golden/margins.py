"""Weights for which rounding decides nothing: no input of a ReLU lies near zero, no two of a maximum near each other.

A ReLU whose input is closer to zero than an engine rounds goes one way on one processor and the other way on the next,
and each such decision moves gradients by up to a percent. Among a million ReLUs some would be that close, whatever the
seed. So the generator chooses, channel by channel: a bias or a beta moves by a few steps of a coarse grid until no pixel
of the channel is near zero, and where a maximum is near a draw the channel's kernel is drawn again.

`tune` walks a network in the order of its layers in training, and gives the choices: for each channel of each kernel which
draw, and for each of each bias or beta how many steps. `margin` measures a finished network without knowing how it was made.
Both are parts of the root mean square of what the ReLU, or the maximum, reads.
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

# What a network must keep away from its kinks: some hundred times what single precision rounds in networks of fifty layers.
MARGIN = 1e-4
# A step of the grid, exact in single precision.
STEP = 2.0**-6
STEPS = 127
DRAWS = 255

PASSED = (layers.ZeroPadding2D, layers.Lambda, layers.Dropout)


class Graph:
    """The calls of a model's layers, in order, by the tensors that they make."""

    def __init__(self, model):
        depths = sorted(model._nodes_by_depth, reverse=True)
        self.calls = [node for depth in depths for node in model._nodes_by_depth[depth]]
        self.maker = {id(tensor): node for node in self.calls for tensor in node.output_tensors}
        self.model = model

    def sources(self, call):
        return [self.maker[id(tensor)] for tensor in call.input_tensors]

    def run(self, call, values):
        """The layer's output in training, from those of the layers before."""
        arguments, options = call.arguments.fill_in(values)
        if getattr(call.operation, "_call_has_training_arg", False):
            options["training"] = True
        return call.operation(*arguments, **options)


def is_relu(call):
    layer = call.operation
    if isinstance(layer, layers.ReLU):
        return True
    return getattr(layer, "activation", None) is keras.activations.relu


def is_fused(call):
    """Whether the ReLU is part of another layer."""
    return is_relu(call) and not isinstance(call.operation, (layers.Activation, layers.ReLU))


def is_maximum(call):
    return isinstance(call.operation, layers.MaxPooling2D) and max(call.operation.pool_size) > 1


def passes(call):
    """Whether the layer hands on its input's channels, so that a maximum behind it compares what came in."""
    name = type(call.operation).__name__
    return isinstance(call.operation, PASSED) or is_maximum(call) or name == "LocalResponseNormalization"


def without_relu(layer, run):
    """What `run` gives while the layer has no activation of its own."""
    layer.activation = keras.activations.linear
    try:
        return run()
    finally:
        layer.activation = keras.activations.relu


def is_kink(graph, call):
    """Whether the layer is a ReLU, or ends in one, that may see numbers below zero: not behind another."""
    def is_rectified(call):
        return is_relu(call) or (passes(call) and is_rectified(graph.sources(call)[0]))

    return is_relu(call) and (is_fused(call) or not is_rectified(graph.sources(call)[0]))


def size(x):
    """The root mean square, without what a padding puts far below."""
    return np.sqrt(np.mean(np.square(x[x > -1e29])))


def lead(pool, x):
    """By window and channel: by how much the largest value leads the next one that differs. Equal values came by
    several ways from the same place, and zeros behind a ReLU pass no gradient on."""
    (height, width), (down, right) = pool.pool_size, pool.strides
    if pool.padding == "same":
        def padding(image, window, stride):
            total = max((-(-image // stride) - 1) * stride + window - image, 0)
            return total // 2, total - total // 2
        pads = [(0, 0), padding(x.shape[1], height, down), padding(x.shape[2], width, right), (0, 0)]
        x = np.pad(x, pads, constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(1, 2))[:, ::down, ::right]
    windows = windows.reshape(windows.shape[:4] + (-1,))
    largest = windows.max(axis=-1, keepdims=True)
    next_one = np.where(windows < largest, windows, -np.inf).max(axis=-1)
    return largest[..., 0] - next_one


class Site:
    """An activation (or what else a maximum reads), and the layers whose weights decide its input."""

    def __init__(self, graph, call):
        self.graph, self.call = graph, call
        self.is_relu = is_kink(graph, call)
        self.chain = self.find_chain()

    def find_chain(self):
        """The calls from the nearest convolution or dense layer on, along the branch that is computed last. A
        normalisation of a sum ends the way: no one kernel makes its input."""
        chain, call = [self.call], self.call
        while not isinstance(call.operation, (layers.Conv2D, layers.Dense)):
            source = max(self.graph.sources(call), key=self.graph.calls.index)
            if isinstance(call.operation, layers.BatchNormalization) and isinstance(source.operation, layers.Add):
                break
            chain.insert(0, source)
            call = source
        return chain

    def variable(self, *names):
        """That of the last layer which has one of these."""
        for call in reversed(self.chain):
            for variable in getattr(call.operation, "weights", []):
                if variable.path.rsplit("/")[-1] in names:
                    return variable
        return None

    def run(self, values):
        """The input of the activation, and what comes out."""
        for call in self.chain[:-1]:
            values[id(call.output_tensors[0])] = self.graph.run(call, values)
        y = self.graph.run(self.call, values)
        values[id(self.call.output_tensors[0])] = y
        return self.input(values).numpy(), y.numpy()

    def input(self, values):
        if is_fused(self.call):
            return without_relu(self.call.operation, lambda: self.graph.run(self.call, values))
        return values[id(self.call.input_tensors[0])]


def ways_to_maxima(graph):
    """By the identity of a call: the ways from it to maxima, through layers that pass channels on, as lists of calls."""
    ways = {}

    def walk(call, way):
        if isinstance(call.operation, layers.Concatenate):
            for source in graph.sources(call):
                walk(source, way)
        elif passes(call):
            walk(graph.sources(call)[0], [call] + way)
        else:
            ways.setdefault(id(call), []).append(way)

    for call in graph.calls:
        if is_maximum(call):
            walk(graph.sources(call)[0], [call])
    return ways


def is_near_draw(y, way):
    """By channel: whether any maximum at the end of the way is near a draw."""
    for call in way[:-1]:
        y = call.operation(tf.constant(y)).numpy()
    leads = lead(way[-1].operation, y)
    # Three times the margin: what other branches bring to the maximum may be larger.
    return leads.reshape(-1, leads.shape[-1]).min(axis=0) < 3 * MARGIN * size(y)


def tune(model, x, value):
    """Chooses draws of kernels and steps of biases, and sets them: `value(path, draws)` gives a variable's values, a
    kernel's with the draw of each channel. Returns both choices by path."""
    graph = Graph(model)
    ways = ways_to_maxima(graph)
    values = {id(model.inputs[0]): tf.constant(x)}
    chosen_draws, chosen_steps = {}, {}
    for call in graph.calls:
        if isinstance(call.operation, layers.InputLayer):
            continue
        if not is_kink(graph, call) and id(call) not in ways:
            values[id(call.output_tensors[0])] = graph.run(call, values)
            continue
        site = Site(graph, call)
        shift, kernel = site.variable("bias", "beta"), site.variable("kernel")
        channels = call.output_tensors[0].shape[-1]
        draws, steps = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
        while True:
            bad = np.zeros(channels, bool)
            if site.is_relu:
                base = value(shift.path, None)
                shift.assign(base)
                z, _ = site.run(values)
                shift.assign(moved(base, np.ones(1)))
                # What a step moves the input by: less where a residual branch counts less.
                unit = (site.run(values)[0] - z).reshape(-1, channels).mean(axis=0)
                steps = steps_to_gap(z.reshape(-1, channels), unit, 1.05 * MARGIN * size(z))
                shift.assign(moved(base, steps))
            z, y = site.run(values)
            if site.is_relu:
                bad |= np.abs(z).reshape(-1, channels).min(axis=0) < MARGIN * size(z)
            for way in ways.get(id(call), []):
                bad |= is_near_draw(y, way)
            if not bad.any():
                break
            draws[bad] += 1
            if kernel is None or draws.max() > DRAWS:
                raise ValueError(f"{call.operation.name}: no room in {bad.sum()} of {channels} channels")
            kernel.assign(value(kernel.path, draws))
        if steps.any():
            chosen_steps[shift.path] = steps
        if draws.any():
            chosen_draws[kernel.path] = draws
    return chosen_draws, chosen_steps


def moved(bias, steps):
    """In single precision, as the tests compute it."""
    return bias + steps.astype(np.float32) * np.float32(STEP)


def steps_to_gap(z, unit, margin):
    """By channel: the least number of steps, up or down, that leaves no value of z + steps * unit near zero, and some
    above; 0 where there is none."""
    steps, rest = np.zeros(z.shape[1], np.int64), np.arange(z.shape[1])
    for candidate in sorted(range(-STEPS, STEPS + 1), key=lambda step: (abs(step), step)):
        inputs = z[:, rest] + candidate * unit[rest]
        is_good = (np.abs(inputs).min(axis=0) >= margin) & ((inputs.max(axis=0) > 0) | (candidate == 0))
        steps[rest[is_good]] = candidate
        rest = rest[~is_good]
    return steps


def margin(model, x):
    """The least distance of a ReLU's input from zero, and the least lead of a maximum, in training."""
    graph = Graph(model)
    values = {id(model.inputs[0]): tf.constant(x)}
    least = np.inf
    for call in graph.calls:
        if isinstance(call.operation, layers.InputLayer):
            continue
        if is_kink(graph, call):
            z = Site(graph, call).input(values).numpy()
            least = min(least, np.abs(z).min() / size(z))
        if is_maximum(call):
            x = values[id(call.input_tensors[0])].numpy()
            least = min(least, lead(call.operation, x).min() / size(x))
        values[id(call.output_tensors[0])] = graph.run(call, values)
    return float(least)
