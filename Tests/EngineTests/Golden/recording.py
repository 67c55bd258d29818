"""What golden files record of a network in Keras: its predictions, a training pass with its gradients, steps of SGD.

A generator makes cases. `main` chooses weights for which rounding decides nothing (margins.py), and writes the files in
double precision. Or it compares with the files: with `--single` what Keras computes in single precision, with
`--rounded=SEED` what it computes in double precision once every weight is off by up to half a unit of single precision's
last place, by chance. A small gradient is compared relative to the generator's ORDINARY; the tests take a part of its
layer's largest (GoldenGradients.swift).
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import h5py
import keras
import numpy as np
import tensorflow as tf

import margins
from counter_random import mix

STEPS = 3
PLACES = 2000


def by_path(model):
    """Layers with their variables, in an order that both sides know; Keras sorts layers by depth."""
    variables = [(layer, variable) for layer in model.layers for variable in layer.weights]
    return sorted(variables, key=lambda pair: pair[1].path)


class Record:
    """`summed_loss` takes a list of outputs."""

    def __init__(self, model, x, summed_loss, rate=None):
        def outputs_of(training):
            outputs = model(x, training=training)
            return outputs if isinstance(outputs, list) else [outputs]

        self.variables = by_path(model)
        self.predictions = outputs_of(training=False)[0].numpy()
        before = {variable.path: variable.numpy() for _, variable in self.variables}
        self.trainable = model.trainable_variables
        self.losses, self.rate = [], rate
        for step in range(STEPS + 1):
            with tf.GradientTape() as tape:
                outputs = outputs_of(training=True)
                loss = summed_loss(outputs)
            self.losses.append(float(loss))
            if step == STEPS:
                break
            gradients = [gradient.numpy() for gradient in tape.gradient(loss, [v.value for v in self.trainable])]
            if step == 0:
                self.outputs = outputs[0].numpy()
                self.gradients = {variable.path: gradient for variable, gradient in zip(self.trainable, gradients)}
                for layer, variable in self.variables:
                    if variable.path not in self.gradients and layer.trainable and hasattr(layer, "momentum"):
                        change = variable.numpy() - layer.momentum * before[variable.path]
                        self.gradients[variable.path] = len(x) * change / (1 - layer.momentum)
                if rate is None:  # Far enough to see, near enough that the loss falls.
                    squares = sum(np.sum(np.square(gradient, dtype=np.float64)) for gradient in gradients)
                    self.rate = float(np.float32(0.03 * self.losses[0] / squares))
            for variable, gradient in zip(self.trainable, gradients):
                variable.assign_sub(self.rate * gradient)

    def rows(self, kept, repeats):
        """A gradient a row: its norm, and at most `kept` elements, at places given by the hash, over and over the same
        ones if there are fewer and it `repeats`. Fixed weights have no gradient."""
        rows = np.zeros((len(self.variables), 1 + kept))
        for index, (_, variable) in enumerate(self.variables):
            if variable.path not in self.gradients:
                continue
            flat = np.asarray(self.gradients[variable.path], np.float64).ravel()
            places = np.arange(flat.size)
            if repeats or flat.size > kept:
                places = (mix(PLACES + index, np.arange(kept)) % np.uint64(flat.size)).astype(np.int64)
            rows[index, :1 + len(places)] = [np.linalg.norm(flat), *flat[places]]
        return rows

    def write(self, path, rows, choices, margin, **options):
        with h5py.File(path, "w", libver=("v108", "v110")) as file:
            file["predictions"] = self.predictions
            file["outputs"] = self.outputs
            file["losses"] = self.losses
            file["losses"].attrs["rate"] = self.rate
            file.create_dataset("gradients", data=rows, **options)
            for name, values in choices.items():
                if len(values):
                    file.create_dataset(name, data=values, compression="gzip")
            file.attrs["margin"] = margin
        np.set_printoptions(precision=3, suppress=True, linewidth=150)
        print(len(self.variables), "parameters; margin %.2e; losses" % margin, np.array(self.losses), "rate", self.rate)
        print(self.predictions, self.outputs, sep="\n", flush=True)

    def compare(self, path, rows, ordinary):
        """Prints what differs from the file: outputs and trainable gradients as parts of the largest value, or of
        the gradient's norm, losses as parts of themselves."""
        with h5py.File(path) as file:
            exact = {name: file[name][()] for name in ("predictions", "outputs", "losses", "gradients")}
        worst = (0, "")
        names = {variable.path for variable in self.trainable}
        for row, expected, (_, variable) in zip(rows, exact["gradients"], self.variables):
            if variable.path in names:
                worst = max(worst, (np.abs(row - expected).max() / max(expected[0], ordinary), variable.path))
        outputs = [np.abs(values - expected).max() / expected.max() for values, expected in (
            (self.predictions, exact["predictions"]), (self.outputs, exact["outputs"]))]
        losses = np.abs(np.array(self.losses) / exact["losses"] - 1)
        print("off by: predictions %.1e, outputs %.1e, losses" % tuple(outputs),
              *("%.1e" % loss for loss in losses), "gradients %.1e (%s)" % worst, flush=True)


def shift(model, seed):
    """Moves weights by what rounding to single precision might."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(variable.numpy() * (1 + random.uniform(-(2.0**-24), 2.0**-24, variable.shape)))


class Case:
    """A model, a batch, and the weights that both sides compute: `value(index, path, shape, draws)`, where draws are
    those of each channel of a kernel, or None for the first of all."""

    def __init__(self, model, x, summed_loss, value):
        self.model, self.x, self.summed_loss = model, x, summed_loss
        self.variables = {variable.path: (index, variable) for index, (_, variable) in enumerate(by_path(model))}
        self.draw = value

    def value(self, path, draws):
        index, variable = self.variables[path]
        return self.draw(index, path, variable.shape, draws)

    def kinds(self):
        """The paths of kernels, whose channels are drawn, and of biases and betas, whose channels move."""
        names = {path: path.rsplit("/")[-1] for path in self.variables}
        return {
            "draws": [path for path, name in names.items() if name == "kernel"],
            "steps": [path for path, name in names.items() if name in ("bias", "beta")],
        }

    def assign(self, draws={}, steps={}):
        for path, (_, variable) in self.variables.items():
            variable.assign(margins.moved(self.value(path, draws.get(path)), steps.get(path, np.zeros(1))))

    def choose(self):
        """What the file keeps of the choices: a number a channel, in the order of paths; empty where all are 0."""
        self.assign()
        draws, steps = margins.tune(self.model, self.x, self.value)
        self.assign(draws, steps)

        def joined(kind, chosen, dtype):
            if not chosen:
                return np.zeros(0, dtype)
            channels = [(path, self.variables[path][1].shape[-1]) for path in self.kinds()[kind]]
            return np.concatenate([chosen.get(path, np.zeros(count)) for path, count in channels]).astype(dtype)

        return {"draws": joined("draws", draws, np.uint8), "steps": joined("steps", steps, np.int8)}

    def take(self, file):
        """Assigns the weights that a file's choices make."""
        chosen = {}
        for kind, paths in self.kinds().items():
            ends = np.cumsum([self.variables[path][1].shape[-1] for path in paths])
            parts = np.split(file[kind][()].astype(np.int64), ends[:-1]) if kind in file and len(file[kind]) else []
            chosen[kind] = dict(zip(paths, parts))
        self.assign(**chosen)


def main(case, names, folder, ordinary, kept, repeats, **options):
    """`case(name)` makes a Case; `kept(name)` is how many elements of each gradient its file has."""
    is_single = "--single" in sys.argv
    seeds = [int(word.split("=")[1]) for word in sys.argv[1:] if word.startswith("--rounded=")]
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")]
    if set(chosen) - set(names):
        sys.exit(f"there are {', '.join(names)}")
    keras.config.set_floatx("float32" if is_single else "float64")
    for name in chosen or names:
        path = os.path.join(folder, name + ".h5")
        for seed in seeds or [None]:
            # Automatic names, by which variables are ordered, begin anew.
            keras.backend.clear_session()
            print(name, end=": ", flush=True)
            network = case(name)
            if is_single or seeds:
                with h5py.File(path) as file:
                    rate = float(file["losses"].attrs["rate"])
                    network.take(file)
                if seeds:
                    shift(network.model, seed)
                record = Record(network.model, network.x, network.summed_loss, rate)
                record.compare(path, record.rows(kept(name), repeats), ordinary)
            else:
                choices = network.choose()
                margin = margins.margin(network.model, network.x)
                if margin < margins.MARGIN:
                    sys.exit(f"{name}: a ReLU or a maximum is {margin:.1e} from its kink")
                network.take(choices)
                record = Record(network.model, network.x, network.summed_loss)
                record.write(path, record.rows(kept(name), repeats), choices, margin, **options)
