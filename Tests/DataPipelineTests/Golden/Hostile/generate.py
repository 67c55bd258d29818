"""Writes the files beside it: data files that lack elements, lead elsewhere, or claim sizes that nothing could have. The
pixel of `../generate.py`, so that the tests know what whole ones hold. Needs h5py and NumPy.

    python generate.py
"""
import os

import h5py
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))

COUNT, SHAPE = 16, (16, 5, 6, 1)
i, h, w, c = np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij")
PIXELS = ((7 * i + 5 * h + 3 * w + 11 * c) % 251).astype(np.uint8)
LABELS = (np.arange(COUNT) * 3 % 4).astype(np.uint8)


class File(h5py.File):
    """A new file, with labels unless `labels` is false."""

    def __init__(self, name, labels=True, **options):
        super().__init__(name + ".h5", "w", **options)
        if labels:
            self["train/labels"] = LABELS

    def virtual(self, sources, path="train/images", shape=SHAPE, dtype="u1"):
        """`sources`: file, name, the source's shape, first row."""
        layout = h5py.VirtualLayout(shape=shape, dtype=dtype)
        for file, name, source, first in sources:
            layout[first:first + source[0]] = h5py.VirtualSource(file, name, shape=source)
        self.create_virtual_dataset(path, layout)


HALF = (8,) + SHAPE[1:]

# What others refer to. The half with a user block shifts what lies in it.
with File("part-0", labels=False) as f:
    f["pixels"], f["digits"] = PIXELS[:8], LABELS[:8]
with File("part-1", labels=False) as f:
    f["pixels"], f["digits"] = PIXELS[8:], LABELS[8:]
with File("pixels", labels=False, userblock_size=512) as f:
    f["pixels"] = PIXELS
with File("unwritten", labels=False) as f:
    f.create_dataset("pixels", HALF, "u1")

# Virtual data sets.
with File("virtual") as f:
    f.virtual([("part-0.h5", "pixels", HALF, 0), ("part-1.h5", "pixels", HALF, 8)])
with File("virtual-same-file") as f:
    f["raw"] = PIXELS
    f.virtual([(".", "raw", SHAPE, 0)])
with File("virtual-missing-file") as f:
    f.virtual([("part-0.h5", "pixels", HALF, 0), ("gone.h5", "pixels", HALF, 8)])
with File("virtual-missing-labels", labels=False) as f:
    f["train/images"] = PIXELS
    f.virtual([("gone.h5", "digits", (16,), 0)], "train/labels", (16,))
with File("virtual-missing-set") as f:
    f.virtual([("part-0.h5", "pixels", HALF, 0), ("part-1.h5", "nothing", HALF, 8)])
with File("virtual-unwritten") as f:
    f.virtual([("part-0.h5", "pixels", HALF, 0), ("unwritten.h5", "pixels", HALF, 8)])
with File("virtual-uncovered") as f:
    f.virtual([("part-0.h5", "pixels", HALF, 0)])
with File("virtual-short") as f:
    f.virtual([("part-0.h5", "pixels", SHAPE, 0)])
with File("virtual-itself") as f:
    f.virtual([("virtual-itself.h5", "train/images", SHAPE, 0)])
with File("virtual-open-ended") as f:
    space = h5py.h5s.create_simple(SHAPE, (h5py.h5s.UNLIMITED,) + SHAPE[1:])
    space.select_hyperslab((0, 0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1, 1), HALF, HALF)
    source = h5py.h5s.create_simple(HALF)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_virtual(space, b"part-%b.h5", b"pixels", source)
    h5py.h5d.create(f["train"].id, b"images", h5py.h5t.STD_U8LE, space, creation)

# Rows without storage.
with File("contiguous-unwritten") as f:
    f.create_dataset("train/images", SHAPE, "u1")
with File("labels-unwritten", labels=False) as f:
    f["train/images"] = PIXELS
    f.create_dataset("train/labels", (COUNT,), "i4", fillvalue=3)
with File("chunks-missing") as f:
    images = f.create_dataset("train/images", SHAPE, "u1", chunks=(2, 3, 6, 1), compression="gzip")
    for first, end in ((0, 4), (6, 10), (14, 16)):
        images[first:end] = PIXELS[first:end]
    images[4:6, :3] = PIXELS[4:6, :3]
with File("chunks-whole") as f:
    f.create_dataset("train/images", data=PIXELS, chunks=(5, 4, 2, 1), compression="gzip", shuffle=True)

# Raw bytes elsewhere.
with File("external") as f:
    f.create_dataset("train/images", SHAPE, "u1", external=[("pixels.raw", 0, h5py.h5f.UNLIMITED)])
PIXELS.tofile("pixels.raw")

# Links.
with File("linked") as f:
    f["notes"] = np.full(4000, 9, np.uint8)
    f["train/images"] = h5py.ExternalLink("pixels.h5", "/pixels")
for kind in "soft", "hard":
    with File("linked-" + kind, labels=False) as f:
        f["raw/a"], f["raw/b"] = PIXELS, LABELS
        link = h5py.SoftLink if kind == "soft" else f.__getitem__
        f["x_train"], f["y_train"] = link("/raw/a"), link("/raw/b")
        f["images"] = link("/raw/a")
        f["train/up"] = h5py.SoftLink("/")
with File("linked-nowhere") as f:
    f["train/images"] = h5py.ExternalLink("gone.h5", "/pixels")
with File("linked-nowhere-labels", labels=False) as f:
    f["train/images"], f["train/labels"] = PIXELS, h5py.SoftLink("/raw/digits")

# Sizes that nothing has.
with File("rows-2-40") as f:
    f.create_dataset("train/images", (2**40,) + SHAPE[1:], "u1", chunks=(8,) + SHAPE[1:])
with File("features-2-62", labels=False) as f:
    f.create_dataset("train/features", (1, 2**62), "u1", chunks=(1, 1024))
with File("sides-2-31", labels=False) as f:
    f.create_dataset("train/images", (4, 2**31, 2**31, 1), "u1", chunks=(1, 64, 64, 1))
with File("columns-2-31", labels=False) as f:
    f["train/images"] = PIXELS
    f.create_dataset("train/labels", (COUNT, 2**31), "u1", chunks=(1, 1024))
for name, label in ("label-10-9", 10**9), ("label-largest", 2**31 - 1), ("label-3-5", 3.5):
    with File(name, labels=False) as f:
        f["train/images"] = PIXELS
        labels = LABELS.astype(np.float64)
        labels[7] = label
        f["train/labels"] = labels if label == 3.5 else labels.astype(np.int64)

# Texts of variable length lie in a heap. The size of its first text claims more than there is: libhdf5 1.10 reads past its memory.
with File("heap") as f:
    f["train/images"] = PIXELS
    f.attrs["classes"] = ["ape", "bee", "cat", "dog"]
with open("heap.h5", "r+b") as f:
    f.seek(f.read().index(b"GCOL") + 51)
    f.write(b"\xff")

# The free space behind the last text of a heap has the length 0: libhdf5 looks for what comes after it, and is where it was.
with File("heap-endless", labels=False) as f:
    f["train/images"] = PIXELS
    f["train/labels"] = ["ape", "bee", "cat", "dog"] * (COUNT // 4)
with open("heap-endless.h5", "r+b") as f:
    content = f.read()
    heap = content.index(b"GCOL")
    size, place = int.from_bytes(content[heap + 8:heap + 16], "little"), heap + 16
    while int.from_bytes(content[place:place + 2], "little") != 0 and place < heap + size:
        place += 16 + (int.from_bytes(content[place + 8:place + 16], "little") + 7) // 8 * 8
    f.seek(place + 8)
    f.write(bytes(8))
