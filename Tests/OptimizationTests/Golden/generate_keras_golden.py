"""Writes keras_callbacks.json, keras_optimizers.json, keras_schedules.json and keras_averages.json beside this file: what Keras's own callbacks,
optimizers, schedules and averages do. LARS, which Keras lacks, is the class in scripts/dptrain_keras.py.

    python3 generate_keras_golden.py            (needs keras 3 with the tensorflow backend; made with keras 3.15.1)

Seed 20240607. The callbacks are compared exactly, the optimizers to 1e-6 of the larger of the value and 0.1 (Keras's
kernels may fuse a multiplication and an addition). NaN is written as null.
"""

import json
import math
import os
import pathlib
import sys
import warnings

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.append(str(pathlib.Path(__file__).parents[3] / "scripts"))
import dptrain_keras
import keras
import numpy as np
import tensorflow as tf

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
random = np.random.default_rng(20240607)


class Model:
    """As much of a model as callbacks touch."""

    def __init__(self, rate):
        self.optimizer = keras.optimizers.SGD(rate)
        self.metrics = []
        self.stop_training = False
        self.saved = False

    def save(self, path, overwrite):
        self.saved = True

    def get_weights(self):
        return []

    def set_weights(self, weights):
        pass


def sequence(kind, length):
    if kind == "walk":
        values = 2 + np.cumsum(random.normal(-0.01, 0.1, length))
    elif kind == "plateau":
        values = np.repeat(np.sort(random.uniform(0.1, 2, length // 5 + 1))[::-1], 5)[:length]
    elif kind == "decay":
        values = 2 * 0.9 ** np.arange(length) + random.normal(0, 0.02, length)
    elif kind == "hair":  # differences at and below what a float32 holds
        values = 1 + np.cumsum(random.choice([-1, 0, 1], length) * random.choice([1e-9, 3e-8, 6e-8, 1.2e-7], length))
    elif kind == "nan":
        values = 2 + np.cumsum(random.normal(-0.02, 0.1, length))
        values[random.integers(1, length, 4)] = math.nan
    elif kind == "nan first":
        values = 2 + np.cumsum(random.normal(-0.02, 0.1, length))
        values[0] = math.nan
    values = np.asarray(values, dtype=np.float64)
    return [float(v) for v in (values if kind == "hair" else np.round(values, 4))]


def plain(values):
    return [None if isinstance(v, float) and math.isnan(v) else v for v in values]


KINDS = ["walk", "plateau", "decay", "hair", "nan", "nan first"]


def plateau_cases():
    for index in range(60):
        kind = KINDS[index % len(KINDS)]
        mode = ["min", "max"][int(random.integers(2))]
        arguments = dict(
            factor=float(random.choice([0.1, 0.5, math.sqrt(0.1)])),
            patience=int(random.choice([0, 1, 2, 5])),
            cooldown=int(random.choice([0, 0, 1, 3])),
            min_delta=float(random.choice([0, 1e-4, 0.05])),
            min_lr=float(random.choice([0, 1e-3, 0.5e-6])),
        )
        rate = float(random.choice([0.1, 0.01, 0.001]))
        values = sequence(kind, 30)
        model = Model(rate)
        callback = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", mode=mode, **arguments)
        callback.set_model(model)
        callback.on_train_begin()
        rates = []
        for epoch, value in enumerate(values):
            callback.on_epoch_end(epoch, {"val_loss": value})
            rates.append(float(model.optimizer.learning_rate.numpy()))
        yield dict(mode=mode, rate=rate, values=plain(values), rates=rates, **arguments)


def stopping_cases():
    for index in range(60):
        kind = KINDS[index % len(KINDS)]
        mode = ["min", "max"][int(random.integers(2))]
        arguments = dict(
            patience=int(random.choice([0, 1, 2, 5])),
            min_delta=float(random.choice([0, 1e-4, 0.05])),
            baseline=[None, 1.9, 2.1][int(random.integers(3))],
            start_from_epoch=int(random.choice([0, 0, 3])),
        )
        values = sequence(kind, 30)
        model = Model(0.1)
        callback = keras.callbacks.EarlyStopping(monitor="val_loss", mode=mode, **arguments)
        callback.set_model(model)
        callback.on_train_begin()
        stopped = None
        for epoch, value in enumerate(values):
            callback.on_epoch_end(epoch, {"val_loss": value})
            if model.stop_training:
                stopped = epoch
                break
        yield dict(mode=mode, values=plain(values), stopped=stopped, **arguments)


def best_cases():
    for index in range(24):
        kind = KINDS[index % len(KINDS)]
        mode = ["min", "max"][int(random.integers(2))]
        values = sequence(kind, 30)
        model = Model(0.1)
        callback = keras.callbacks.ModelCheckpoint("best.h5", monitor="val_loss", mode=mode, save_best_only=True)
        callback.set_model(model)
        saved = []
        for epoch, value in enumerate(values):
            model.saved = False
            callback.on_epoch_begin(epoch)
            callback.on_epoch_end(epoch, {"val_loss": value})
            saved.append(model.saved)
        yield dict(mode=mode, values=plain(values), saved=saved)


def optimizer_cases():
    make = {
        "sgd": lambda **a: keras.optimizers.SGD(0.01, **a),
        "adam": lambda **a: keras.optimizers.Adam(0.001, **a),
        "rmsprop": lambda **a: keras.optimizers.RMSprop(0.001, **a),
        "adagrad": lambda **a: keras.optimizers.Adagrad(0.01, **a),
        # It takes no None.
        "adamw": lambda weight_decay, **a: keras.optimizers.AdamW(0.001, weight_decay=weight_decay or 0.0, **a),
        "lion": lambda **a: keras.optimizers.Lion(0.001, **a),
        "lamb": lambda **a: keras.optimizers.Lamb(0.001, **a),
        "lars": lambda weight_decay, **a: dptrain_keras.LARS(0.1, weight_decay=weight_decay or 0.0, **a),
    }
    settings = [
        ("sgd", {}, 0, 0),
        ("sgd", dict(momentum=0.9), 0, 0),
        ("sgd", dict(momentum=0.9), 0.01, 0.02),
        ("sgd", dict(momentum=0.9, nesterov=True), 0, 0),
        ("sgd", dict(momentum=0.5, nesterov=True), 0.05, 0),
        ("adam", {}, 0, 0),
        ("adam", dict(beta_1=0.8, beta_2=0.99, epsilon=1e-3), 0, 0),
        ("adam", {}, 0.01, 0.1),
        ("rmsprop", {}, 0, 0),
        ("rmsprop", dict(rho=0.8, momentum=0.7, epsilon=1e-5), 0, 0),
        ("rmsprop", {}, 0.02, 0.1),
        ("adagrad", {}, 0, 0),
        ("adagrad", dict(initial_accumulator_value=0.5, epsilon=1e-3), 0.01, 0.1),
        ("adamw", {}, 0, 0.004),
        ("adamw", {}, 0, 0),
        ("adamw", dict(beta_1=0.8, beta_2=0.99, epsilon=1e-3), 0.01, 0.1),
        ("lion", {}, 0, 0),
        ("lion", dict(beta_1=0.8, beta_2=0.95), 0, 0.02),
        ("lion", {}, 0.01, 0.1),
        ("lamb", {}, 0, 0),
        ("lamb", dict(beta_1=0.8, beta_2=0.99, epsilon=1e-3), 0.01, 0.1),
        ("lars", {}, 0, 0),
        ("lars", dict(momentum=0.5, trust=0.02), 0.01, 0.1),
        ("rmsprop", dict(centered=True), 0, 0),
        ("rmsprop", dict(rho=0.8, momentum=0.7, centered=True), 0.01, 0.1),
        ("adam", dict(amsgrad=True), 0, 0),
        ("adam", dict(beta_1=0.8, beta_2=0.5, epsilon=1e-3, amsgrad=True), 0.01, 0.1),
        ("adamw", dict(beta_2=0.5, amsgrad=True), 0, 0.004),
    ]
    count, steps = 19, 6
    for name, arguments, l2, decay in settings:
        optimizer = make[name](weight_decay=decay or None, **arguments)
        initial = random.normal(0, 1, count).astype(np.float32)
        weights = tf.Variable(initial, name="w")
        gradients, trace = [], []
        for step in range(steps):
            gradient = (random.normal(0, 1, count) * 10.0 ** random.integers(-4, 1, count)).astype(np.float32)
            gradient[step] = 0
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(weights * gradient)
                if l2:
                    loss += keras.regularizers.L2(l2)(weights)
            optimizer.apply([tape.gradient(loss, weights)], [weights])
            gradients.append([float(g) for g in gradient])
            trace.append([float(w) for w in weights.numpy()])
        yield dict(
            optimizer=name, arguments=arguments, l2=l2, weight_decay=decay,
            learning_rate=float(optimizer.learning_rate.numpy()),
            slot_names=[v.path.split("/w_")[-1].lstrip("0_") for v in optimizer.variables[2:]],
            initial=[float(w) for w in initial], gradients=gradients, weights=trace,
            slots=[[float(s) for s in v.numpy()] for v in optimizer.variables[2:]],
        )


def optimizer_classes():
    """What Keras's files say of an optimizer with its own settings, and the order of its slots for two variables."""
    classes = dict(
        sgd=keras.optimizers.SGD, adam=keras.optimizers.Adam, rmsprop=keras.optimizers.RMSprop,
        adagrad=keras.optimizers.Adagrad, adamw=keras.optimizers.AdamW, lion=keras.optimizers.Lion,
        lamb=keras.optimizers.Lamb, lars=dptrain_keras.LARS,
    )
    # Names are counted: a second Adam is adam_1.
    keras.utils.clear_session()
    for name, optimizer in classes.items():
        config = optimizer().get_config()
        more = {name: value for name, value in dict(momentum=0.9, centered=True, amsgrad=True).items() if name in config}
        slots = optimizer.from_config(config | more)
        slots.build([keras.Variable([0.0], name="a"), keras.Variable([0.0], name="b")])
        variables = [v.path.split("/")[-1] for v in slots.variables[2:]]
        yield dict(optimizer=name, class_name=keras.saving.get_registered_name(optimizer), config=config, variables=variables)


def schedule_cases():
    """Rates of 40 steps, at a base rate of 0.1."""
    from keras.optimizers import schedules

    made = {
        "polynomial:steps=12,power=2,final=0.01": schedules.PolynomialDecay(0.1, 12, 0.01, 2),
        "polynomial:steps=12,power=1,final=0.01,cycle=true": schedules.PolynomialDecay(0.1, 12, 0.01, 1, cycle=True),
        "cosine:steps=30,final=0.02": schedules.CosineDecay(0.1, 30, 0.2),
        "warmup-cosine:warmup=7steps,steps=25": schedules.CosineDecay(0.0, 25, warmup_target=0.1, warmup_steps=7),
        "warmup-cosine:warmup=5steps,steps=30,start=0.01,final=0.02": schedules.CosineDecay(
            0.01, 30, 0.2, warmup_target=0.1, warmup_steps=5),
        "cosine-restarts:first=5steps": schedules.CosineDecayRestarts(0.1, 5),
        "cosine-restarts:first=7steps,length-factor=1,peak-factor=0.5,final=0.01": schedules.CosineDecayRestarts(
            0.1, 7, 1.0, 0.5, 0.1),
        "cosine-restarts:first=3steps,length-factor=1.5,peak-factor=0.75": schedules.CosineDecayRestarts(
            0.1, 3, 1.5, 0.75),
        "piecewise:at=0/10/21,rates=0.1/0.3/0.05/0.001": schedules.PiecewiseConstantDecay(
            [0, 10, 21], [0.1, 0.3, 0.05, 0.001]),
    }
    for text, schedule in made.items():
        yield dict(schedule=text, rates=[float(schedule(step)) for step in range(40)])


def average_cases():
    """Weights and their moving averages after each of six updates."""
    for momentum in [0.9, 0.5]:
        optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=momentum)
        weights = keras.Variable(random.normal(0, 1, 19).astype(np.float32), name="w")
        seen, averages = [], []
        for _ in range(6):
            optimizer.apply([tf.constant(random.normal(0, 1, 19).astype(np.float32))], [weights])
            seen.append([float(w) for w in weights.numpy()])
            averages.append([float(a) for a in optimizer._model_variables_moving_average[0].numpy()])
        yield dict(momentum=momentum, weights=seen, averages=averages)


def write(name, value):
    lines = {key: [json.dumps(case, allow_nan=False) for case in cases] for key, cases in value.items()}
    body = ",\n".join(f'"{key}": [\n' + ",\n".join(cases) + "\n]" for key, cases in lines.items())
    (here / name).write_text("{" + body + "}\n")


write("keras_callbacks.json", dict(plateau=plateau_cases(), stopping=stopping_cases(), best=best_cases()))
write("keras_optimizers.json", dict(cases=optimizer_cases(), classes=optimizer_classes()))
write("keras_schedules.json", dict(cases=schedule_cases()))
write("keras_averages.json", dict(cases=average_cases()))
