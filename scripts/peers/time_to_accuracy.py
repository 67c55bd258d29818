"""Trains `fashion-fast-net` or `cifar-fast-net` by the recipe `fashion-mnist-fast` with PyTorch or Keras, and prints after each epoch
the accuracy on the test images and the seconds since the first step. Imports, reading and compiling are not counted.

    time_to_accuracy.py torch|keras FOLDER [--wide] [--epochs 12] [--stop-after N] [--channels-last] [--compile] [--precision bf16]

FOLDER has Fashion-MNIST's four files, with or without .gz. PyTorch runs on one thread a process: two processes, started with RANK and
WORLD_SIZE as its launchers do, train with DistributedDataParallel over gloo. Keras runs on two threads. `--stop-after` ends a run that
is planned for more epochs. Augmentation is done for whole batches at a time.
"""

import argparse
import gzip
import math
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np

MEAN, DEVIATION = 72.98, 90.05
BATCH, PEAK, RISE, START, FINAL = 512, 0.6, 0.23, 0.6 / 5, 0.6 / 5 / 20
MOMENTUM, L2, SMOOTHING, BIAS_FACTOR = 0.85, 2.5e-4, 0.1, 16


def read(folder, part):
    def content(name):
        path = pathlib.Path(folder) / name
        return path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())

    images = np.frombuffer(content(f"{part}-images-idx3-ubyte"), np.uint8, offset=16).reshape(-1, 28, 28)
    return images, np.frombuffer(content(f"{part}-labels-idx1-ubyte"), np.uint8, offset=8).astype(np.int64)


def rate(step, steps):
    """The recipe's cycle: straight up to the peak, and straight down."""
    top = RISE * steps - 1
    if step <= top:
        return START + (PEAK - START) * step / top
    return PEAK + (FINAL - PEAK) * (step - top) / (steps - 1 - top)


def draw(generator, count):
    """Of each image: whether it is flipped, its place behind padding by 2, and the box that is erased, which may be empty."""
    flips = generator.random(count) < 0.5
    places = generator.integers(0, 5, (count, 2))
    area = generator.uniform(0.02, 0.4, count) * 28 * 28
    ratio = np.exp(generator.uniform(math.log(0.3), math.log(1 / 0.3), count))
    height, width = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
    fits = (generator.random(count) < 0.5) & (height < 28) & (width < 28)
    height, width = np.where(fits, height, 0).astype(int), np.where(fits, width, 0).astype(int)
    top = (generator.random(count) * (29 - height)).astype(int)
    left = (generator.random(count) * (29 - width)).astype(int)
    return flips, places, np.stack([top, left, top + height, left + width], 1)


def augmented(images, generator):
    """Of padded bytes [count, 32, 32] to floats [count, 1, 28, 28]; numpy is as fast here as either library's own tensors."""
    flips, places, boxes = draw(generator, len(images))
    rows = places[:, :1] + np.arange(28)
    columns = places[:, 1:] + np.arange(28)
    columns[flips] = columns[flips, ::-1]
    pixels = np.take_along_axis(images.reshape(len(images), -1), (rows[:, :, None] * 32 + columns[:, None]).reshape(len(images), -1), 1)
    pixels = pixels.reshape(-1, 28, 28).astype(np.float32)
    line = np.arange(28)
    inside_rows = (line >= boxes[:, :1]) & (line < boxes[:, 2:3])
    inside_columns = (line >= boxes[:, 1:2]) & (line < boxes[:, 3:])
    pixels[inside_rows[:, :, None] & inside_columns[:, None]] = 0
    pixels -= MEAN
    pixels *= 1 / DEVIATION
    return pixels[:, None]


def padded(images):
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))


def with_torch(options, train, test):
    import torch
    from torch import distributed, nn
    from torch.nn import functional

    torch.set_num_threads(1)
    torch.manual_seed(0)
    world, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    filters, inputs = ([64, 256, 256] if options.wide else [32, 96, 128]), 24
    layers = [nn.Conv2d(1, inputs, 2), nn.ReLU(inplace=True)]
    for outputs in filters:
        for index, pool in enumerate((True, False)):
            layers.append(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
            layers += [nn.MaxPool2d(2)] if pool else []
            norm = nn.BatchNorm2d(outputs, momentum=0.4, eps=1e-5)
            norm.weight.requires_grad_(False)
            layers += [norm, nn.ReLU(inplace=True)]
            inputs = outputs
    network = nn.Sequential(*layers, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(inputs, 10, bias=False))
    for layer in network:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    if options.channels_last:
        network = network.to(memory_format=torch.channels_last)
    decayed = [weight for weight in network.parameters() if weight.ndim > 1]
    stem = [network[0].bias]
    norms = [layer.bias for layer in network if isinstance(layer, nn.BatchNorm2d)]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": L2, "factor": 1}, {"params": stem, "factor": 1}, {"params": norms, "factor": BIAS_FACTOR}],
        lr=START, momentum=MOMENTUM, nesterov=True)
    slow = [weight.detach().clone() for weight in network.parameters()]
    model = network
    if world > 1:
        distributed.init_process_group("gloo")
        model = nn.parallel.DistributedDataParallel(network, gradient_as_bucket_view=True)
    if options.compile:
        model = torch.compile(model)

    def loss(images, labels):
        images = torch.from_numpy(images)
        if options.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            return functional.cross_entropy(model(images).float() / 9, labels, label_smoothing=SMOOTHING)

    images, labels = padded(train[0]), torch.from_numpy(train[1])
    generator, order = np.random.default_rng(rank), np.random.default_rng(99)
    share = BATCH // world
    for warm in range(2 if options.compile else 0):
        loss(augmented(images[:share], generator), labels[:share]).backward()
        optimizer.zero_grad()
    steps = len(images) // BATCH
    start, step = time.time(), 0
    for epoch in range(options.stop_after or options.epochs):
        network.train()
        chosen = order.permutation(len(images))
        for batch in range(steps):
            now = rate(step, steps * options.epochs)
            for group in optimizer.param_groups:
                group["lr"] = now * group["factor"]
            mine = chosen[batch * BATCH + rank * share:][:share]
            optimizer.zero_grad()
            loss(augmented(images[mine], generator), labels[mine]).backward()
            optimizer.step()
            step += 1
            if step % 5 == 0:
                with torch.no_grad():
                    for old, weight in zip(slow, network.parameters()):
                        old.lerp_(weight, 0.5)
                        weight.copy_(old)
        network.eval()
        count = len(test[0]) // world
        right = 0
        with torch.inference_mode():
            for begin in range(rank * count, (rank + 1) * count, 1000):
                block = torch.from_numpy((test[0][begin:begin + 1000, None].astype(np.float32) - MEAN) / DEVIATION)
                with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
                    right += int((network(block).argmax(1).numpy() == test[1][begin:begin + 1000]).sum())
        right = torch.tensor(right)
        if world > 1:
            distributed.all_reduce(right)
        if rank == 0:
            print(f"epoch {epoch + 1}: test accuracy {right.item() / len(test[0]):.4f} after {time.time() - start:.1f} s", flush=True)


def with_keras(options, train, test):
    import keras
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.threading.set_intra_op_parallelism_threads(2)
    keras.utils.set_random_seed(0)
    if options.precision == "bf16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    inputs = keras.Input((28, 28, 1))
    decay = keras.regularizers.L2(L2 / 2)
    x = keras.layers.Conv2D(24, 2, activation="relu", kernel_initializer="he_normal", kernel_regularizer=decay)(inputs)
    norms = []
    for filters in ([64, 256, 256] if options.wide else [32, 96, 128]):
        for pool in (True, False):
            x = keras.layers.Conv2D(
                filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", kernel_regularizer=decay)(x)
            x = keras.layers.MaxPooling2D(2)(x) if pool else x
            norms.append(keras.layers.BatchNormalization(momentum=0.6, epsilon=1e-5, scale=False))
            x = keras.layers.ReLU()(norms[-1](x))
    x = keras.layers.Flatten()(keras.layers.MaxPooling2D(3)(x))
    x = keras.layers.Dense(10, use_bias=False, kernel_regularizer=decay)(x)
    model = keras.Model(inputs, keras.layers.Rescaling(1 / 9, dtype="float32")(x))
    # Keras has one rate for all weights; the recipe's factor for the normalisations' biases multiplies their gradients, which is the
    # same for SGD with momentum.
    fast = {id(norm.beta) for norm in norms}

    class Sgd(keras.optimizers.SGD):
        def apply(self, gradients, variables=None):
            variables = self._trainable_variables if variables is None else variables
            factors = [BIAS_FACTOR if id(variable) in fast else 1 for variable in variables]
            return super().apply([gradient * factor for gradient, factor in zip(gradients, factors)], variables)

    steps = len(train[0]) // BATCH
    model.compile(
        Sgd(START, momentum=MOMENTUM, nesterov=True), keras.losses.CategoricalCrossentropy(True, label_smoothing=SMOOTHING),
        metrics=["accuracy"], jit_compile=options.compile)
    images, labels, generator = padded(train[0]), np.eye(10, dtype=np.float32)[train[1]], np.random.default_rng(0)

    def batches():
        chosen = generator.permutation(len(images))
        for batch in range(steps):
            mine = chosen[batch * BATCH:][:BATCH]
            yield augmented(images[mine], generator).reshape(-1, 28, 28, 1), labels[mine]

    data = tf.data.Dataset.from_generator(batches, output_signature=(
        tf.TensorSpec((BATCH, 28, 28, 1), tf.float32), tf.TensorSpec((BATCH, 10), tf.float32))).prefetch(4)
    test_images = ((test[0][..., None].astype(np.float32)) - MEAN) / DEVIATION
    slow = [weight.numpy() for weight in model.trainable_variables]
    model.train_on_batch(test_images[:BATCH] * 0, labels[:BATCH])
    model.predict(test_images[:1000], batch_size=1000, verbose=0)

    class Recipe(keras.callbacks.Callback):
        step = 0

        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = rate(self.step, steps * options.epochs)

        def on_train_batch_end(self, batch, logs=None):
            self.step += 1
            if self.step % 5 == 0:
                for index, weight in enumerate(self.model.trainable_variables):
                    slow[index] += (weight.numpy() - slow[index]) * 0.5
                    weight.assign(slow[index])

        def on_epoch_end(self, epoch, logs=None):
            scores = self.model.predict(test_images, batch_size=1000, verbose=0)
            accuracy = (scores.argmax(1) == test[1]).mean()
            print(f"epoch {epoch + 1}: test accuracy {accuracy:.4f} after {time.time() - start:.1f} s", flush=True)

    start = time.time()
    model.fit(data, epochs=options.stop_after or options.epochs, verbose=0, callbacks=[Recipe()])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=("torch", "keras"))
    parser.add_argument("folder")
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--stop-after", type=int)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    options = parser.parse_args()
    run = with_torch if options.library == "torch" else with_keras
    run(options, read(options.folder, "train"), read(options.folder, "t10k"))


if __name__ == "__main__":
    main()
