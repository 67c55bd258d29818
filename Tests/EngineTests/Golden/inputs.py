"""Writes inputs.h5: small Keras models with several inputs, in double precision. For each: the model's JSON, its losses, weights, a batch
(each input as `input-0`, `input-1`, ...), targets in rows, outputs in rows, the summed loss of the batch and its gradients by all weights;
and of 20 steps of plain SGD on that batch the loss before each, and the weights at the end (InputTests.swift).

    python3 inputs.py      (made with keras 3.15.1 and tensorflow; seed 11)
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
random = np.random.default_rng(11)
IMAGE, SAMPLES, STEPS, RATE = (6, 5, 3), 5, 20, 0.05
SPARSE = "sparse_categorical_crossentropy"


def branch(x, name):
    return L.Flatten()(L.Conv2D(4, 3, activation="tanh", name=name)(x))


def image_and_vector():
    vector, image = keras.Input((4,), name="table"), keras.Input(IMAGE, name="photo")
    x = L.Concatenate()([branch(image, "conv"), L.Dense(3, activation="tanh")(vector)])
    return keras.Model([vector, image], L.Dense(5, activation="softmax")(x)), [SPARSE]


def siamese():
    one = keras.Input(IMAGE)
    shared = keras.Model(one, L.Dense(4, activation="tanh")(branch(one, "conv")), name="tower")
    left, right = keras.Input(IMAGE, name="left"), keras.Input(IMAGE, name="right")
    a, b = shared(left), shared(right)
    x = L.Concatenate()([L.Subtract()([a, b]), L.Dot(axes=1, normalize=True)([a, b])])
    return keras.Model([left, right], L.Dense(3, activation="softmax")(x)), [SPARSE]


def two_images():
    left, right = keras.Input(IMAGE, name="left"), keras.Input((4, 4, 1), name="right")
    x = L.Concatenate()([branch(left, "first"), branch(right, "second")])
    return keras.Model([left, right], L.Dense(4, activation="softmax")(x)), [SPARSE]


def several_of_both():
    photo, number = keras.Input(IMAGE, name="photo"), keras.Input((1,), name="number")
    x = L.Concatenate()([branch(photo, "conv"), number])
    y = [L.Dense(3, activation="softmax", name="kind")(x), L.Dense(2, name="place")(L.Dense(4, activation="tanh")(x))]
    return keras.Model([photo, number], y), [SPARSE, "mean_squared_error"]


CASES = {
    "image-and-vector": image_and_vector, "siamese": siamese, "two-images": two_images, "several-of-both": several_of_both,
}


def flat(values):
    return np.concatenate([np.asarray(value).reshape(-1) for value in values]).astype(np.float32)


def write(group, build):
    model, losses = build()
    for weight in model.weights:
        weight.assign((weight + 0.3 * random.standard_normal(weight.shape)).numpy().astype(np.float32))
    inputs = [random.standard_normal((SAMPLES, *x.shape[1:])).astype(np.float32) for x in model.inputs]
    targets = [
        random.integers(0, y.shape[-1], (SAMPLES, 1)).astype(np.float64) if loss == SPARSE
        else random.standard_normal((SAMPLES, y.shape[-1])).astype(np.float32).astype(np.float64)
        for y, loss in zip(model.outputs, losses)]
    doubles = [x.astype(np.float64) for x in inputs]
    as_list = lambda outputs: outputs if isinstance(outputs, list) else [outputs]

    group.attrs["model"] = model.to_json().replace("float64", "float32")
    group.attrs["losses"] = json.dumps(losses)
    group["weights"] = flat([w.numpy() for w in model.weights])
    for number, x in enumerate(inputs):
        group[f"input-{number}"] = x.reshape(-1)
    group["targets"] = np.concatenate(targets, axis=1).astype(np.float32).reshape(-1)
    group["outputs"] = np.concatenate(as_list(model(doubles)), axis=1).astype(np.float32).reshape(-1)
    history = []
    for step in range(STEPS):
        with tf.GradientTape() as tape:
            outputs = as_list(model(doubles))
            loss = tf.add_n([
                tf.reduce_mean(keras.losses.get(loss)(target, output))
                for loss, target, output in zip(losses, targets, outputs)])
        gradients = tape.gradient(loss, [w.value for w in model.trainable_weights])
        history.append(float(loss))
        if step == 0:
            group.attrs["sum"] = SAMPLES * float(loss)
            group["gradients"] = SAMPLES * flat([tf.convert_to_tensor(g) for g in gradients])
        for weight, gradient in zip(model.trainable_weights, gradients):
            weight.assign(weight - RATE * tf.convert_to_tensor(gradient))
    group.attrs["history"] = history
    group.attrs["rate"] = RATE
    group["trained"] = flat([w.numpy() for w in model.weights])


with h5py.File(os.path.join(os.path.dirname(__file__), "inputs.h5"), "w", libver="latest") as file:
    for name, build in CASES.items():
        keras.utils.set_random_seed(11)
        keras.backend.clear_session()
        write(file.create_group(name), build)
