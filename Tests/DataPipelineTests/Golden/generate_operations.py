"""Makes operations.h5: images on which torchvision and Pillow did what `ImageOperation` does.

    python generate_operations.py        (torchvision 0.28, Pillow 13, h5py; no random numbers but those of seed 1)

/coloured, /grey and /dull are images. /coloured-outputs is what became of one; the attributes operation and amount say by
what. They are torchvision's functional operations on Pillow images, but that hue is turned, and blurs are made, of a tensor,
which is not rounded in between. An operation NAME-INTERPOLATION moves pixels with that interpolation, and shift is a part of an
image that was padded by 3 pixels in PyTorch's mode reflect. /levels/NAME/SPACE are the strengths of torchvision's policies: those of 31 levels for images of
40x56 pixels. /policies/NAME are AutoAugment's: probability and level of two operations after two. Tolerance: one level.
"""

import h5py
import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

random = np.random.default_rng(1)


def picture(channels, low, high):
    rows, columns, levels = np.mgrid[0:20, 0:28, 0:channels]
    waves = 0.5 + 0.4 * np.sin(rows / 3 + 2 * levels) * np.cos(columns / 5 - levels)
    values = low + (high - low) * np.clip(waves + random.normal(0, 0.1, waves.shape), 0, 1)
    return values.astype(np.uint8)


policy = v2.RandAugment()
PADDING = 3


def done(image, operation, amount):
    pillow = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image)
    if operation == "hue":
        return F.adjust_hue(torch.from_numpy(image).permute(2, 0, 1), amount).permute(1, 2, 0).numpy()
    if operation == "shift":
        tensor = torch.from_numpy(image).permute(2, 0, 1).to(torch.float32)
        padded = torch.nn.functional.pad(tensor, [PADDING] * 4, mode="reflect").permute(1, 2, 0).numpy()
        first = PADDING - int(amount)
        return padded[first:first + image.shape[0], first:first + image.shape[1]].astype(np.uint8)
    if "-" in operation:
        operation, interpolation = operation.split("-")
        moved = policy._apply_image_or_video_transform(
            pillow, operation, amount, InterpolationMode[interpolation.upper()], {})
        return np.asarray(moved).reshape(image.shape)
    if operation == "blur":
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        return F.gaussian_blur(tensor, [7, 7], [amount, amount]).permute(1, 2, 0).numpy()
    if operation == "grayscale":
        result = F.rgb_to_grayscale(pillow, num_output_channels=3)
    elif operation in {"Brightness", "Color", "Contrast", "Sharpness"}:
        result = policy._apply_image_or_video_transform(pillow, operation, amount - 1, InterpolationMode.NEAREST, {})
    elif operation == "Solarize":
        result = policy._apply_image_or_video_transform(pillow, operation, amount / 255, InterpolationMode.NEAREST, {})
    else:
        result = policy._apply_image_or_video_transform(pillow, operation, amount, InterpolationMode.NEAREST, {})
    return np.asarray(result).reshape(image.shape)


CASES = [
    ("ShearX", [0.3, -0.21, 0.99]), ("ShearY", [0.17, -0.3]), ("TranslateX", [5, -9]), ("TranslateY", [3, -17]),
    ("Rotate", [9.0, -30.0, 121.5]), ("Brightness", [0.1, 0.73, 1.9]), ("Color", [0.1, 0.6, 1.81]),
    ("Contrast", [0.1, 0.5, 1.7]), ("Sharpness", [0.1, 0.7, 1.9]), ("Posterize", [8, 5, 2]),
    ("Solarize", [0, 127.5, 200]), ("AutoContrast", [0]), ("Equalize", [0]), ("Invert", [0]),
    ("hue", [0.11, -0.4]), ("blur", [0.4, 1.7]), ("grayscale", [0]), ("shift", [1, -1, 3]),
]
CASES += [
    (f"{operation}-{interpolation}", [amount])
    for operation, amount in [
        ("ShearX", -0.21), ("ShearY", 0.17), ("TranslateX", 5), ("TranslateY", -7), ("Rotate", -30.0), ("Rotate", 121.5)
    ]
    for interpolation in ["bilinear", "bicubic"]
]

with h5py.File("operations.h5", "w") as file:
    images = {"coloured": picture(3, 0, 255), "grey": picture(1, 30, 190), "dull": picture(3, 100, 130)}
    for name, image in images.items():
        file.create_dataset(name, data=image)
        cases = [
            (operation, amount) for operation, amounts in CASES for amount in amounts
            if name != "grey" or operation not in {"hue", "grayscale", "Color"}
        ]
        outputs = np.stack([done(image, *case) for case in cases])
        data = file.create_dataset(f"{name}-outputs", data=outputs, compression="gzip")
        data.attrs["operation"] = [operation for operation, _ in cases]
        data.attrs["amount"] = [float(amount) for _, amount in cases]
    for name in v2.AutoAugmentPolicy:
        steps = [step for pair in v2.AutoAugment(name)._policies for step in pair]
        data = file.create_dataset(f"policies/{name.value}", data=[[p, 0 if m is None else m] for _, p, m in steps])
        data.attrs["operation"] = [operation for operation, _, _ in steps]
    for space, kind in {"usual": v2.AutoAugment, "wide": v2.TrivialAugmentWide}.items():
        for name, (strengths, _) in kind._AUGMENTATION_SPACE.items():
            values = strengths(31, 40, 56)
            if values is not None:
                file.create_dataset(f"levels/{name}/{space}", data=values.to(torch.float32).numpy())
