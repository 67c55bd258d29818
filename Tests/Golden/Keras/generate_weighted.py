"""Writes weighted.json beside this file: the losses of Keras's first steps with weights of classes or samples, and with several
classes a sample, whose binary accuracy is there too.

    python3 generate_weighted.py DPTRAIN      (needs keras 3 with the tensorflow backend; made with keras 3.15.1)

Images and labels are those of losses-28x28x1.h5 (generate_losses.py says how they and the start weights are made). Sample i
has the weight WEIGHTS[i % 5]. Of several classes, a sample with label k has k and (3 k + 1) % 10, which for k = 2 and k = 7 is
one class. Keras computes in float64; runs in float32 must agree to a relative 1e-4.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
from keras.src.legacy.saving import saving_utils

here = pathlib.Path(__file__).parent
SEED, BATCH, STEPS = 7, 16, 10
MODEL, DATA, RATE = "lenet5-keras", "losses-28x28x1.h5", 0.05
WEIGHTS = [0.5, 1, 2, 0, 1.5]
CLASS_WEIGHTS = {0: 2, 3: 0.25, 7: 5}


def run_dptrain(program, folder, images, options):
    command = [program, "--model", MODEL, "--data", images, "--output", folder, "--seed", str(SEED)]
    command += ["--batch-size", str(BATCH), "--shards", "1", "--epochs", "1", "--steps-per-epoch", "1"]
    command += [word for name, value in options.items() for word in ("--" + name, value)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return f"{folder}/step-00000000.h5"


def steps(program, options, flags=False, keras_loss=None, **weighting):
    keras.config.set_floatx("float64")
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(here / DATA) as data:
            pixels, labels = data["train/images"][()], data["train/labels"][()]
        targets = labels
        if flags:
            targets = np.zeros((len(labels), 10), "int32")
            targets[np.arange(len(labels)), labels] = 1
            targets[np.arange(len(labels)), (3 * labels + 1) % 10] = 1
        images = f"{folder}/data.h5"
        with h5py.File(images, "w") as file:
            file["train/images"], file["train/labels"] = pixels, targets
        begin = {name: value for name, value in options.items() if name == "loss"}
        with h5py.File(run_dptrain(program, f"{folder}/run", images, begin)) as file:
            configuration = file.attrs["model_config"].replace('"float32"', '"float64"')
            model = saving_utils.model_from_config(json.loads(configuration))
            group = file["model_weights"]
            for layer in model.layers:
                layer.set_weights([group[layer.name][name][()] for name in group[layer.name].attrs["weight_names"]])
    loss = keras_loss or options.get("loss", "sparse_categorical_crossentropy")
    model.compile(keras.optimizers.SGD(RATE, momentum=0.9), loss, metrics=["binary_accuracy" if flags else "accuracy"])
    losses, accuracies = [], []
    for start in range(0, len(labels), BATCH):
        model.reset_metrics()
        batch = slice(start, start + BATCH)
        chosen = {name: value[batch] if name == "sample_weight" else value for name, value in weighting.items()}
        result = model.train_on_batch(pixels[batch] / 255, targets[batch], return_dict=True, **chosen)
        losses.append(float(result["loss"]))
        accuracies.append(float(result["binary_accuracy" if flags else "accuracy"]))
    assert len(losses) == STEPS
    options = {"learning-rate": str(RATE), "optimizer": "sgd", "momentum": "0.9"} | options
    return dict(model=MODEL, data=DATA, options=options, flags=flags, losses=losses, accuracies=accuracies)


def main():
    program = sys.argv[1]
    counts = np.bincount(h5py.File(here / DATA)["train/labels"][()], minlength=10)
    balanced = {k: float(np.float32(counts.sum() / (10 * count))) for k, count in enumerate(counts)}
    weights = np.array([WEIGHTS[i % 5] for i in range(counts.sum())])
    text = ",".join(f"{name}:{weight}" for name, weight in CLASS_WEIGHTS.items())
    several, focal = {"loss": "binary_crossentropy"}, {"loss": "binary_focal_crossentropy"}
    cases = [
        steps(program, {"class-weights": text}, class_weight=CLASS_WEIGHTS),
        steps(program, {"class-weights": "balanced"}, class_weight=balanced),
        steps(program, {"sample-weights": "/train/weights"}, sample_weight=weights),
        steps(program, several, flags=True),
        steps(program, several | {"sample-weights": "/train/weights"}, flags=True, sample_weight=weights),
        steps(program, focal, flags=True),
        steps(program, focal | {"focal-gamma": "3", "focal-alpha": "0.25"}, flags=True,
              keras_loss=keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, gamma=3)),
    ]
    golden = dict(seed=SEED, batch_size=BATCH, tolerance=1e-4, cases=cases)
    (here / "weighted.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
