"""Makes timm.h5: images on which timm did what `TimmOperation` does.

    python generate_timm.py        (timm 1.0, Pillow 13, h5py; nothing is random)

/coloured and /grey are those of operations.h5. /coloured-outputs is what became of one; the attributes operation, level, sign,
increasing and cubic say by what: timm's operation of that name with that magnitude, sign and interpolation. Gaps are filled with
124, 116, 104 or their luma. Tolerance: one level.
"""

import h5py
import numpy as np
from PIL import Image
from timm.data import auto_augment

# The name here, timm's name, and whether it has a variant that increases, a sign, an interpolation.
OPERATIONS = [
    ("autocontrast", "AutoContrast", ""), ("equalize", "Equalize", ""), ("invert", "Invert", ""), ("rotate", "Rotate", "si"),
    ("posterize", "Posterize", "v"), ("solarize", "Solarize", "v"), ("solarizeAdd", "SolarizeAdd", ""),
    ("color", "Color", "vs"), ("contrast", "Contrast", "vs"), ("brightness", "Brightness", "vs"),
    ("sharpness", "Sharpness", "vs"), ("shearX", "ShearX", "si"), ("shearY", "ShearY", "si"),
    ("translateX", "TranslateXRel", "si"), ("translateY", "TranslateYRel", "si"),
]


def done(image, name, level, sign, cubic):
    auto_augment._randomly_negate = lambda value: sign * value
    pillow = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image)
    parameters = {
        "img_mean": 117 if image.shape[2] == 1 else (124, 116, 104),
        "interpolation": Image.Resampling.BICUBIC if cubic else Image.Resampling.BILINEAR,
    }
    operation = auto_augment.AugmentOp(name, prob=1, magnitude=level, hparams=parameters)
    return np.asarray(operation(pillow)).reshape(image.shape)


def cases(channels):
    for here, name, traits in OPERATIONS:
        if here == "color" and channels == 1:
            continue
        for level in [0.5, 3.75, 7, 9.625] if traits else [7]:
            for increasing in [1, 0] if "v" in traits else [1]:
                if (here, level, increasing) == ("posterize", 0.5, 0):  # Pillow refuses to keep no bits.
                    continue
                for sign in [1, -1] if "s" in traits and increasing else [1]:
                    for cubic in [1, 0] if "i" in traits else [1]:
                        yield here, name + ("Increasing" if "v" in traits and increasing else ""), level, sign, increasing, cubic


with h5py.File("operations.h5") as known, h5py.File("timm.h5", "w") as file:
    for name in ["coloured", "grey"]:
        image = known[name][:]
        file.create_dataset(name, data=image)
        all_cases = list(cases(image.shape[2]))
        outputs = np.stack([done(image, case[1], case[2], case[3], case[5]) for case in all_cases])
        data = file.create_dataset(f"{name}-outputs", data=outputs, compression="gzip")
        data.attrs["operation"] = [case[0] for case in all_cases]
        for index, attribute in [(2, "level"), (3, "sign"), (4, "increasing"), (5, "cubic")]:
            data.attrs[attribute] = [float(case[index]) for case in all_cases]
