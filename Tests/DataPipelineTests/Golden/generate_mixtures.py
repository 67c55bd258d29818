"""Writes mixtures.h5 beside it: what torchvision's v2.MixUp and v2.CutMix draw, as counts. Needs torchvision (written with 0.28.0)
and h5py.

    python generate_mixtures.py

For each alpha of mixup: counts of the weight in 50 bins of equal width. For each alpha of cutmix, of images 20 rows high and 12
columns wide: counts of the boxes' pixels, of their first row and column, and of their heights and widths.
"""
import os

import h5py
import numpy as np
import torch
from torchvision.transforms import v2

HERE = os.path.dirname(os.path.abspath(__file__))
DRAWS, BINS, HEIGHT, WIDTH = 200_000, 50, 20, 12
torch.manual_seed(8)

with h5py.File(os.path.join(HERE, "mixtures.h5"), "w", libver=("v110", "v110")) as file:
    for alpha in (0.2, 0.8, 1.0, 4.0):
        weights = v2.MixUp(alpha=alpha, num_classes=2)._dist.sample((DRAWS,)).numpy()
        file[f"mixup/{alpha}"] = np.histogram(weights, BINS, (0, 1))[0].astype(np.int32)
    image = torch.zeros(1, HEIGHT, WIDTH)
    for alpha in (0.3, 1.0):
        transform = v2.CutMix(alpha=alpha, num_classes=2)
        left, top, right, bottom = np.array([transform.make_params([image])["box"] for _ in range(DRAWS)]).T
        found = {
            "area": ((right - left) * (bottom - top), HEIGHT * WIDTH), "top": (top, HEIGHT), "left": (left, WIDTH),
            "height": (bottom - top, HEIGHT), "width": (right - left, WIDTH)}
        # Where a box is empty, its place leaves no trace.
        is_seen = found["area"][0] > 0
        for name, (values, most) in found.items():
            some = values if name == "area" else values[is_seen]
            file[f"cutmix/{alpha}/{name}"] = np.bincount(some, minlength=most + 1).astype(np.int32)
