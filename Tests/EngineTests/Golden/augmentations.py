"""Writes augmentations.h5: what Keras's random layers make of an image where the numbers that they draw are given. For each: the
layer's options, the drawn values, the image, the result (RandomLayerTests.swift).

    python3 augmentations.py      (made with keras 3.15.1 and tensorflow; seed 11)
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import h5py
import keras
import numpy as np
from keras import layers as L

random = np.random.default_rng(11)
SHAPE = (6, 5, 2)


def rotation(layer, drawn):
    one, none = np.ones(1, np.float32), np.zeros(1, np.float32)
    matrix = layer._compute_affine_matrix(
        center_x=0.5, center_y=0.5, angle=np.array([drawn[0] * 360], np.float32), translate_x=none, translate_y=none,
        scale=one, shear_x=none, shear_y=none, height=SHAPE[0], width=SHAPE[1])
    return {"rotation_matrix": matrix}


def zoom(layer, drawn):
    return {"height_zoom": np.array([[1 + drawn[0]]], np.float32), "width_zoom": np.array([[1 + drawn[1]]], np.float32)}


def translation(layer, drawn):
    return {"translations": np.array([[drawn[1] * SHAPE[1], drawn[0] * SHAPE[0]]], np.float32)}


def brightness(layer, drawn):
    return {"rgb_delta": np.full((1, 1, 1, 1), drawn[0] * (layer.value_range[1] - layer.value_range[0]), np.float32)}


def contrast(layer, drawn):
    return {"contrast_factor": np.full((1, 1, 1, 1), 1 + drawn[0], np.float32)}


FILLS = ["reflect", "wrap", "constant", "nearest"]
CASES = [
    (L.RandomRotation(0.3, fill_mode=fill, fill_value=30.0), rotation, [turn]) for fill in FILLS for turn in (0.11, -0.27)
] + [
    (L.RandomZoom(0.6, 0.4, fill_mode=fill, fill_value=30.0), zoom, drawn) for fill in FILLS
    for drawn in ([0.55, -0.3], [-0.45, 0.35])
] + [
    (L.RandomTranslation(1.0, 1.0, fill_mode=fill, fill_value=30.0), translation, drawn) for fill in FILLS
    for drawn in ([0.37, -0.72], [-0.93, 0.21])
] + [
    (L.RandomRotation(0.3, interpolation="nearest"), rotation, [0.2]),
    (L.RandomTranslation(0.5, 0.5, interpolation="nearest", fill_mode="constant"), translation, [0.3, -0.44]),
    (L.RandomBrightness(0.5), brightness, [0.3]),
    (L.RandomBrightness([-0.5, 0.1], value_range=(0, 300)), brightness, [-0.4]),
    (L.RandomContrast([0.5, 0.9]), contrast, [0.8]),
    (L.RandomContrast([0.5, 0.9]), contrast, [-0.45]),
]

if __name__ == "__main__":
    with h5py.File(os.path.join(os.path.dirname(__file__), "augmentations.h5"), "w", libver="latest") as file:
        for number, (layer, transformation, drawn) in enumerate(CASES):
            image = random.uniform(0, 255, SHAPE).astype(np.float32)
            result = layer.transform_images(image[None], transformation(layer, drawn), training=True)
            group = file.create_group(f"{number:02d}-{type(layer).__name__}")
            group.attrs["layer"] = json.dumps({"class_name": type(layer).__name__, "config": layer.get_config()})
            for name, data in [("drawn", drawn), ("image", image), ("result", result)]:
                group.create_dataset(name, data=np.asarray(data, np.float32).reshape(-1))
