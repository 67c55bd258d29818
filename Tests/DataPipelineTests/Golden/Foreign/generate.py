"""Writes the files beside it, as other programs lay out their data: Fuel, Caffe, PCam's pairs, MATLAB, and h5py with the
types of HDF5 that are no plain numbers. No randomness: the pixels of `../generate.py`. Needs h5py and NumPy.

    python generate.py
"""
import os

import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def images(count, height, width, channels):
    """uint8 [count, height, width, channels]: (7 i + 5 h + 3 w + 11 c) mod 251."""
    i, h, w, c = np.meshgrid(*(np.arange(n) for n in (count, height, width, channels)), indexing="ij")
    return ((7 * i + 5 * h + 3 * w + 11 * c) % 251).astype(np.uint8)


def labels(count, classes):
    return np.arange(count) * 3 % classes


PIXELS, LABELS = images(12, 6, 5, 3), labels(12, 4)


# Fuel: all splits in one array, told apart by an attribute of records; labels are called targets.
def fuel(name, parts, lists={}):
    with h5py.File(name, "w") as f:
        f["features"], f["targets"] = PIXELS.transpose(0, 3, 1, 2), LABELS.astype(np.uint8)[:, None]
        for axis, label in enumerate(("batch", "channel", "height", "width")):
            f["features"].dims[axis].label = label
        kind = [("split", "S5"), ("source", "S8"), ("start", "i8"), ("stop", "i8"),
                ("indices", h5py.ref_dtype), ("available", "?"), ("comment", "S1")]
        rows = np.zeros(len(parts), kind)
        for row, (split, source, start, stop, available) in zip(rows, parts):
            row["split"], row["source"], row["available"] = split, source, available
            row["start"], row["stop"], row["indices"] = start, stop, h5py.Reference()
        for split, numbers in lists.items():
            f["rows_" + split] = np.array(numbers)
            rows["indices"][rows["split"] == split.encode()] = f["rows_" + split].ref
        f.attrs["split"] = rows


fuel("fuel.h5", [("train", "features", 0, 7, True), ("train", "targets", 0, 7, True),
                 ("valid", "features", 7, 9, True), ("valid", "targets", 7, 9, True),
                 ("test", "features", 9, 12, True), ("test", "targets", 0, 0, False)])
LISTED = [(split, source, 0, 12, True) for split in ("train", "test") for source in ("features", "targets")]
fuel("fuel-list.h5", LISTED, {"train": [5, 1, 3, 11], "test": [10, 3, 0]})
fuel("fuel-list-beyond.h5", LISTED, {"train": [5, 12, 3], "test": [10]})
fuel("fuel-list-twice.h5", LISTED, {"train": [5, 3, 5], "test": [10]})
fuel("fuel-beyond.h5", [("train", "features", 0, 13, True), ("train", "targets", 0, 13, True)])

# Caffe: floats, channels first, labels [N] as floats.
with h5py.File("caffe.h5", "w") as f:
    f["data"], f["label"] = PIXELS.transpose(0, 3, 1, 2).astype(np.float32), LABELS.astype(np.float32)

# PCam: samples and labels in files of their own.
with h5py.File("pcam-x.h5", "w") as f:
    f.create_dataset("x", data=PIXELS, chunks=(5, 6, 5, 3), compression="gzip")
with h5py.File("pcam-y.h5", "w") as f:
    f["y"] = (LABELS % 2).astype(np.uint8).reshape(-1, 1, 1, 1)


# MATLAB 7.3: a block of text before the file, axes in reverse.
def matlab(name, **arrays):
    with h5py.File(name, "w", userblock_size=512) as f:
        for key, (kind, value) in arrays.items():
            f[key] = value.T
            f[key].attrs["MATLAB_class"] = np.bytes_(kind)
    with open(name, "r+b") as f:
        f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


HWCN = PIXELS.transpose(1, 2, 3, 0)
matlab("matlab.mat", images=("uint8", HWCN), labels=("double", LABELS[:, None].astype(np.float64)))
matlab("matlab-grey.mat", x_train=("single", HWCN[:, :, 0].astype(np.float32)), y_train=("uint8", LABELS[None] + 1))
matlab("matlab-one-hot.mat", images=("uint8", HWCN), labels=("logical", np.eye(4, dtype=np.uint8)[LABELS]))
matlab("matlab-rows.mat", images=("uint8", PIXELS), labels=("double", LABELS[:, None].astype(np.float64)))
TABLE = np.arange(12 * 5, dtype=np.float64).reshape(12, 5)
matlab("matlab-table.mat", x_train=("double", TABLE.T), y_train=("double", LABELS[:, None]))
matlab("matlab-table-rows.mat", x_train=("double", TABLE), y_train=("double", LABELS[:, None]))
matlab("matlab-cell.mat", images=("uint8", HWCN), labels=("cell", LABELS[:, None].astype(np.float64)))

# Labels that are words, or numbers with names.
WORDS = [["cat", "ape", "dog", "bee"][n] for n in LABELS]
with h5py.File("words.h5", "w") as f:
    f["train/images"], f["test/images"] = PIXELS, PIXELS[:3]
    f.create_dataset("train/labels", data=WORDS, dtype=h5py.string_dtype())
    f["test/labels"] = np.array(["dog", "cat", "ape"], "S5")
with h5py.File("words-new.h5", "w") as f:
    f["train/images"], f["test/images"] = PIXELS, PIXELS[:3]
    f["train/labels"], f["test/labels"] = np.array(WORDS, "S3"), np.array(["dog", "yak", "ape"], "S3")
with h5py.File("enumeration.h5", "w") as f:
    f["images"] = PIXELS
    kind = h5py.enum_dtype({"dog": 30, "cat": 10, "ape": 20, "bee": 40}, basetype=">i2")
    f.create_dataset("labels", data=(LABELS + 1) * 10, dtype=kind)
with h5py.File("truth.h5", "w") as f:
    f["images"], f["labels"] = PIXELS, LABELS > 1
with h5py.File("one-class.h5", "w") as f:
    f["images"], f["labels"] = PIXELS, LABELS * 0

# Integers of other widths.
for name, values in (("uint16", PIXELS.astype(np.uint16) * 257), ("int64", PIXELS.astype(np.int64)),
                     ("int16", PIXELS.astype(">i2") - 100), ("int8", (PIXELS % 2).astype(np.int8))):
    with h5py.File(name + ".h5", "w") as f:
        f["images"], f["labels"] = values, LABELS

# Image files as lists of bytes: those of ../encoded.h5, the last one never written in the second file.
def lists(name, count):
    with h5py.File("../encoded.h5") as encoded, h5py.File(name, "w") as f:
        places, bytes_ = encoded["train/offsets"][:], encoded["train/encoded"][:]
        data = f.create_dataset("train/images", (10,), h5py.vlen_dtype(np.uint8), chunks=(4,), compression="gzip")
        for row in range(count):
            data[row] = bytes_[places[row]:places[row + 1]]
        f["train/labels"] = np.arange(10) % 2


lists("variable-length.h5", 10)
lists("variable-length-gap.h5", 9)
