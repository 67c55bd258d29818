"""Writes the golden models that go to dptrain and come home, with real Keras. They are checked in; run this only to change
them.

    python generate_notebooks.py                 Keras 3 (made with keras 3.15.1 on tensorflow 2.21)
    python generate_notebooks.py --keras2        Keras 2 (made with tf_keras 2.21)

notebook-3.keras, .h5, .weights.h5     a compiled model that scales its bytes itself: Rescaling, ReLU, an L2 of all kernels
notebook-2.keras, .h5, .weights.h5     the same by tf_keras, with a slash in the name of a layer
standard-3.keras                       Normalization with statistics from the data, behind sigmoid outputs a loss of classes
soft-link, external-link.weights.h5    weights that are links to elsewhere
notebooks-data.h5                      24 images as bytes and their labels: numpy's with seed 20261128
notebooks-N.json                       for each model the predictions for all images, and the losses of the first steps in
                                       batches of 8, computed in float32; runs must agree to a relative 1e-4
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
import h5py
import numpy as np

GENERATION = 2 if "--keras2" in sys.argv else 3
if GENERATION == 2:
    import tf_keras as keras
else:
    import keras
layers = keras.layers
here = pathlib.Path(__file__).parent
BATCH, EPOCHS = 8, 2


def data():
    random = np.random.default_rng(20261128)
    labels = (np.arange(24) % 3).astype("int32")
    patterns = random.integers(0, 256, (3, 4, 4, 3))
    images = (patterns[labels] * 0.7 + random.integers(0, 77, (24, 4, 4, 3))).astype("uint8")
    return images.repeat(2, axis=1).repeat(2, axis=2), labels


def notebook():
    l2 = keras.regularizers.L2(1e-3)
    name = "block/conv" if GENERATION == 2 else "conv"
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3), name="image"),
            layers.Rescaling(1 / 127.5, offset=-1, name="scaling"),
            layers.Conv2D(4, 3, kernel_regularizer=l2, name=name),
            layers.BatchNormalization(momentum=0.9, name="norm"),
            layers.ReLU(name="relu"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.0, seed=5, name="drop"),
            layers.Dense(3, activation="softmax", kernel_regularizer=l2, name="head"),
        ],
        name="notebook",
    )
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 2, 0.5, staircase=True)
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def standard(images):
    normalization = layers.Normalization(name="standard")
    normalization.adapt(images.astype("float32"))
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Flatten(name="flat")(normalization(image))
    x = layers.Dense(3, activation="sigmoid", name="head")(x)
    model = keras.Model(image, x, name="standard")
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True), keras.losses.SparseCategoricalCrossentropy())
    return model


def main():
    keras.utils.set_random_seed(7)
    images, labels = data()
    if GENERATION == 3:
        with h5py.File(here / "notebooks-data.h5", "w") as file:
            file.create_dataset("train/images", data=images, chunks=images.shape, compression=9)
            file["train/labels"] = labels
        for name, link in [("soft", h5py.SoftLink("/elsewhere")), ("external", h5py.ExternalLink("other.h5", "/vars"))]:
            with h5py.File(here / f"{name}-link.weights.h5", "w") as file:
                file["elsewhere/0"] = np.ones(1, "float32")
                file.create_group("layers/dense")["vars"] = link
    cases = []
    models = [notebook()] + ([standard(images)] if GENERATION == 3 else [])
    for model in models:
        files = [f"{model.name}-{GENERATION}.keras"]
        if model.name == "notebook":
            files += [f"notebook-{GENERATION}.h5", f"notebook-{GENERATION}.weights.h5"]
        for name in files:
            (model.save_weights if ".weights." in name else model.save)(here / name)
        predictions = model.predict(images, verbose=0).astype(float).round(7).tolist()
        losses = []
        for _ in range(EPOCHS):
            for start in range(0, len(labels), BATCH):
                part = slice(start, start + BATCH)
                model.reset_metrics()
                losses.append(round(float(np.ravel(model.train_on_batch(images[part], labels[part]))[0]), 7))
        for name in files:
            if ".weights." not in name:
                cases.append({"model": name, "data": "notebooks-data.h5", "options": {"epochs": str(EPOCHS)},
                              "losses": losses, "predictions": predictions})
    with open(here / f"notebooks-{GENERATION}.json", "w") as file:
        json.dump({"seed": 0, "batch_size": BATCH, "tolerance": 1e-4, "cases": cases}, file)
        file.write("\n")


main()
