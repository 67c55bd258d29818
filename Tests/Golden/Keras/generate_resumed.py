"""Writes models that Keras has trained for some steps, with the state of their optimizers. They are checked in; run this only
to change them. Needs notebooks-data.h5 of generate_notebooks.py.

    python generate_resumed.py                 Keras 3 (made with keras 3.15.1 on tensorflow 2.21)
    python generate_resumed.py --keras2        Keras 2 (made with tf_keras 2.21)

resumed-<optimizer>-<generation>.keras, .h5     after an epoch of three batches
resumed-<generation>.json                       the losses with which Keras goes on; runs must agree to a relative 1e-5
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
layers, optimizers = keras.layers, keras.optimizers
here = pathlib.Path(__file__).parent
BATCH, EPOCHS = 8, 2


def chain(name):
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(2, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ],
        name=name,
    )


def graph(name):
    """The order of its layers is not that of its making."""
    image = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 255)(image)
    right = layers.Conv2D(2, 3, padding="same", name="right")(x)
    left = layers.Conv2D(2, 3, padding="same", name="left")(layers.Conv2D(2, 1, name="deep")(x))
    x = layers.Flatten()(layers.Add()([left, right]))
    return keras.Model(image, layers.Dense(3, activation="softmax")(x), name=name)


def models():
    schedule = optimizers.schedules.CosineDecay(0.02, 8, alpha=0.1)
    yield chain("adam"), optimizers.Adam(0.01, clipnorm=1.0), [".keras", ".h5"]
    yield graph("sgd"), optimizers.SGD(schedule, momentum=0.9, nesterov=True), [".keras", ".h5"]
    yield graph("rmsprop"), optimizers.RMSprop(0.002, momentum=0.5), [".h5"]
    yield chain("plain"), optimizers.SGD(schedule), [".h5"]
    if GENERATION == 2:
        yield graph("legacy"), optimizers.legacy.Adam(0.01), [".h5"]
    # The mean square of gradients falls within these few steps.
    yield graph("amsgrad"), optimizers.Adam(0.01, beta_2=0.5, amsgrad=True), [".keras", ".h5"]
    if GENERATION == 2:
        yield graph("legacy-amsgrad"), optimizers.legacy.Adam(0.01, beta_2=0.5, amsgrad=True), [".h5"]


def main():
    keras.utils.set_random_seed(11)
    with h5py.File(here / "notebooks-data.h5") as file:
        images, labels = file["train/images"][()].astype("float32"), file["train/labels"][()]

    def epoch(model):
        losses = []
        for start in range(0, len(labels), BATCH):
            part = slice(start, start + BATCH)
            model.reset_metrics()
            losses.append(round(float(np.ravel(model.train_on_batch(images[part], labels[part]))[0]), 7))
        return losses

    cases = []
    for model, optimizer, endings in models():
        model.compile(optimizer, "sparse_categorical_crossentropy")
        epoch(model)
        # Saving as .h5 takes the optimizer out of a .keras that comes later.
        names = [f"resumed-{model.name}-{GENERATION}{ending}" for ending in endings]
        for name in names:
            model.save(here / name)
        losses = [loss for _ in range(EPOCHS) for loss in epoch(model)]
        cases += [{"model": name, "data": "notebooks-data.h5", "options": {"epochs": str(EPOCHS)}, "losses": losses}
                  for name in names]
    with open(here / f"resumed-{GENERATION}.json", "w") as file:
        json.dump({"seed": 0, "batch_size": BATCH, "tolerance": 1e-5, "cases": cases}, file, indent=1)
        file.write("\n")


main()
