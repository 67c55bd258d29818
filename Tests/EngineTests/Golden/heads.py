"""Writes heads.h5: small Keras models with several outputs that have targets of their own, in double precision. For each: the
model's JSON, what it is compiled with, weights, a batch, targets in rows, outputs in rows, the losses of the outputs and their
weighted sum, and the gradients of the sum by all weights (HeadTests.swift).

    python3 heads.py      (made with keras 3.15.1 and tensorflow; seed 7)
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

keras.config.set_floatx("float64")
random = np.random.default_rng(7)
IMAGE, SAMPLES = (5, 4, 3), 5


def body(x):
    return L.Flatten()(L.Conv2D(4, 3, activation="tanh")(x))


def classes_and_value(x):
    y = body(x)
    return [L.Dense(10, activation="softmax", name="digit")(y), L.Dense(1, name="angle")(L.Dense(4, activation="tanh")(y))]


def classes_and_superclasses(x):
    y = body(x)
    coarse = L.Dense(5, activation="relu")(y)
    return [L.Dense(6, name="fine")(L.Concatenate()([y, coarse])), L.Dense(3, activation="softmax", name="coarse")(coarse)]


def three(x):
    y = body(x)
    return [
        L.Dense(2, name="place")(y), L.Dense(1, activation="sigmoid", name="is_there")(y),
        L.Activation("softmax", name="kind")(L.Dense(4)(y))]


def of_one_shape(x):
    y = body(x)
    return [L.Dense(4, activation="softmax", name="first")(y), L.Dense(4, activation="softmax", name="second")(y)]


SPARSE, BINARY = "sparse_categorical_crossentropy", "binary_crossentropy"
CASES = {
    "classes and a value": (classes_and_value, {"digit": SPARSE, "angle": "mse"}, {"digit": 0.75, "angle": 0.5}),
    "classes and superclasses": (
        classes_and_superclasses,
        [keras.losses.SparseCategoricalCrossentropy(from_logits=True), SPARSE], None),
    "three": (three, ["huber", BINARY, SPARSE], [0.25, 1.0, 2.0]),
    "of one shape": (of_one_shape, [SPARSE, SPARSE], [1.0, 0.125]),
    "smoothed": (
        classes_and_value, {"digit": keras.losses.CategoricalCrossentropy(label_smoothing=0.2), "angle": "mse"}, None),
}


def targets_of(output, loss):
    """One column of labels, or as many values as outputs."""
    width = output.shape[-1]
    if loss == SPARSE or isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return random.integers(0, width, (SAMPLES, 1)).astype(np.float64)
    if isinstance(loss, keras.losses.CategoricalCrossentropy):
        return np.eye(width)[random.integers(0, width, SAMPLES)]
    if loss == BINARY:
        return random.integers(0, 2, (SAMPLES, 1)).astype(np.float64)
    return random.standard_normal((SAMPLES, width)).astype(np.float32).astype(np.float64)


def write(group, build, losses, weights):
    x = keras.Input(IMAGE)
    model = keras.Model(x, build(x))
    model.compile("sgd", loss=losses, loss_weights=weights)
    for weight in model.weights:
        weight.assign((weight + 0.3 * random.standard_normal(weight.shape)).numpy().astype(np.float32))
    names = [output._keras_history.operation.name for output in model.outputs]

    def each(value):
        return [value[name] for name in names] if isinstance(value, dict) else value if isinstance(value, list) else [value] * len(names)

    all_losses = each(losses)
    factors = each(weights) if weights is not None else [1.0] * len(names)
    inputs = random.standard_normal((SAMPLES, *IMAGE)).astype(np.float32)
    targets = [targets_of(output, loss) for output, loss in zip(model.outputs, all_losses)]
    with tf.GradientTape() as tape:
        outputs = model(inputs.astype(np.float64))
        each_loss = [
            SAMPLES * tf.reduce_mean(keras.losses.get(loss)(target, output))
            for loss, target, output in zip(all_losses, targets, outputs)]
        loss = tf.add_n([factor * one for factor, one in zip(factors, each_loss)])
    # compile() computes the same.
    own = model.compute_loss(None, targets, outputs)
    assert abs(float(own) * SAMPLES - float(loss)) < 1e-9 * float(loss)
    gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
    group.attrs["model"] = model.to_json().replace("float64", "float32")
    compiled = model.get_compile_config()
    group.attrs["loss"] = json.dumps(compiled["loss"])
    group.attrs["loss_weights"] = json.dumps(compiled["loss_weights"])
    group.attrs["losses"] = [float(one) for one in each_loss]
    group.attrs["sum"] = float(loss)
    group.attrs["labels"] = [int(target.shape[1] == 1 and (loss in (SPARSE, BINARY) or not isinstance(loss, str)))
                             for target, loss in zip(targets, all_losses)]
    flat = lambda values: np.concatenate([np.asarray(v).reshape(-1) for v in values])
    group.create_dataset("weights", data=flat([w.numpy() for w in model.weights]).astype(np.float32))
    group.create_dataset("inputs", data=inputs.reshape(-1))
    group.create_dataset("targets", data=np.concatenate(targets, axis=1).astype(np.float32).reshape(-1))
    group.create_dataset("outputs", data=np.concatenate(outputs, axis=1).astype(np.float32).reshape(-1))
    group.create_dataset(
        "gradients", data=flat([tf.convert_to_tensor(g) for g in gradients]).astype(np.float32))


with h5py.File(os.path.join(os.path.dirname(__file__), "heads.h5"), "w", libver="latest") as file:
    for name, (build, losses, weights) in CASES.items():
        keras.utils.set_random_seed(7)
        keras.backend.clear_session()
        write(file.create_group(name.replace(" ", "-")), build, losses, weights)
