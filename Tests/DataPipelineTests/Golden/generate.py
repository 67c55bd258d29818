"""Writes the files beside it, as people who use h5py lay out their data. No randomness: a pixel is a formula of its
place, which the tests repeat. Needs h5py and NumPy.

    python generate.py
"""
import os

import h5py
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def images(count, height, width, channels, first=0):
    """uint8 [count, height, width, channels]: (7 i + 5 h + 3 w + 11 c) mod 251."""
    i, h, w, c = np.meshgrid(
        np.arange(first, first + count), np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((7 * i + 5 * h + 3 * w + 11 * c) % 251).astype(np.uint8)


def labels(count, classes, dtype, first=0):
    return ((np.arange(first, first + count) * 3) % classes).astype(dtype)


def create(name):
    return h5py.File(os.path.join(HERE, name), "w")


# As keras.datasets.mnist: no channel axis.
with create("keras_names.h5") as f:
    f["x_train"] = images(20, 6, 5, 1)[..., 0]
    f["y_train"] = labels(20, 10, np.int64)
    f["x_test"] = images(7, 6, 5, 1, first=20)[..., 0]
    f["y_test"] = labels(7, 10, np.int64, first=20)

# Groups by split, channels first, floats, labels as columns.
with create("groups_nchw.h5") as f:
    for split, count, first in (("train", 12, 0), ("val", 5, 12)):
        pixels = images(count, 4, 5, 3, first).astype(np.float32) / 8
        f[f"{split}/images"] = pixels.transpose(0, 3, 1, 2)
        f[f"{split}/label"] = labels(count, 4, np.int32, first)[:, None]

# As PyTables and deep-learning course files: one pair at the top, chunked and compressed, labels [N,1,1,1] of one byte.
with create("top_level_chunked.h5") as f:
    f.create_dataset("images", data=images(50, 5, 6, 3), chunks=(7, 5, 2, 3), compression="gzip", shuffle=True)
    f["labels"] = labels(50, 5, np.uint8).reshape(50, 1, 1, 1)
    f.attrs["classes"] = ["ship", "plane", "größe", "dog", "cat"]

# Doubles and one-hot labels.
with create("one_hot.h5") as f:
    f["train/data"] = images(10, 5, 5, 1).astype(np.float64) / 8
    f["train/y"] = np.eye(4, dtype=np.float32)[labels(10, 4, np.int64)]

# Regression, with the bytes of another machine.
with create("regression.h5") as f:
    f["train/features"] = (images(16, 1, 5, 1).reshape(16, 5) / 8).astype(">f4")
    f["train/targets"] = np.stack([np.arange(16) / 4, -np.arange(16.0)], axis=1).astype(np.float32)

# Class numbers kept as floats.
with create("float_labels.h5") as f:
    f["train/x"] = images(9, 5, 5, 1)
    f["train/y"] = labels(9, 3, np.float64)
