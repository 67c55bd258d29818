"""Makes affine.h5: images that Keras moved along affine maps, and how they were moved.

    python generate_affine.py        (Keras 3.15, SciPy 1.17, h5py; no random numbers but those of seed 1)

/square and /wide are images. /square-outputs is what became of one, and /square-moves how: theta, x, y, shear, zoom_x, zoom_y,
value. The attribute fill has the fill modes. Square images are Keras's `apply_affine_transform`. It takes the middle of others for that of a
square, so these are SciPy's, moved as Keras documents it. Tolerance: one level.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import h5py
import numpy as np
import scipy.ndimage
from keras.src.legacy.preprocessing import image as keras_image


class OldName:
    """The module that SciPy has renamed."""

    affine_transform = staticmethod(scipy.ndimage.affine_transform)


keras_image.scipy.ndimage.interpolation = OldName

random = np.random.default_rng(1)


def picture(height, width, channels):
    rows, columns, levels = np.mgrid[0:height, 0:width, 0:channels]
    waves = 128 + 90 * np.sin(rows / 3 + levels) * np.cos(columns / 4 - levels)
    return np.clip(waves + random.normal(0, 20, waves.shape), 0, 255).astype(np.uint8)


def moved(image, case):
    height, width = image.shape[:2]
    if height == width:
        return keras_image.apply_affine_transform(
            image.astype(np.float32), theta=case["theta"], tx=case["x"], ty=case["y"], shear=case["shear"],
            zx=case["zoom_x"], zy=case["zoom_y"], row_axis=0, col_axis=1, channel_axis=2, fill_mode=case["fill"],
            cval=case["value"])
    angle, shear = np.deg2rad(case["theta"]), np.deg2rad(case["shear"])
    matrix = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    matrix = matrix @ np.array([[1, 0, case["x"]], [0, 1, case["y"]], [0, 0, 1]])
    matrix = matrix @ np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])
    matrix = matrix @ np.diag([case["zoom_x"], case["zoom_y"], 1])
    middle = np.array([[1, 0, (width - 1) / 2], [0, 1, (height - 1) / 2], [0, 0, 1]])
    matrix = (middle @ matrix @ np.linalg.inv(middle))[[1, 0, 2]][:, [1, 0, 2]]
    return np.stack([
        scipy.ndimage.affine_transform(
            image[..., c].astype(np.float32), matrix[:2, :2], matrix[:2, 2], order=1, mode=case["fill"],
            cval=case["value"])
        for c in range(image.shape[2])], axis=2)


STILL = {"theta": 0, "x": 0, "y": 0, "shear": 0, "zoom_x": 1, "zoom_y": 1, "value": 0}
MOVES = [
    {"theta": 33.3}, {"theta": -40, "value": 77}, {"x": 3.25, "y": -7.5}, {"x": -40.2}, {"shear": 17},
    {"zoom_x": 0.83, "zoom_y": 1.21}, {"zoom_x": 2.6, "zoom_y": 2.9, "value": 200},
    {"theta": 21, "x": 2.2, "y": -4.1, "shear": -9, "zoom_x": 1.13, "zoom_y": 0.91},
]
FILLS = ["nearest", "constant", "reflect", "wrap", "mirror"]

with h5py.File("affine.h5", "w") as file:
    images = {"square": picture(21, 21, 3), "wide": picture(12, 19, 1)}
    for name, image in images.items():
        file.create_dataset(name, data=image)
        cases = [STILL | move | {"fill": fill} for fill in FILLS for move in MOVES[:: 1 if name == "square" else 7]]
        outputs = [np.clip(np.round(moved(image, case)), 0, 255).astype(np.uint8) for case in cases]
        data = file.create_dataset(f"{name}-outputs", data=np.stack(outputs), compression="gzip")
        data.attrs["fill"] = [case["fill"] for case in cases]
        file.create_dataset(f"{name}-moves", data=[[float(case[key]) for key in STILL] for case in cases])
