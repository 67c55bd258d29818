"""Writes encoded.h5: small images of all kinds that are stored as they are, and what Pillow makes of them.

    python generate_encoded.py        Pillow 13.0, numpy, h5py

/train/expected-FILTER-HxW is draft, resize and centre crop by Pillow, with the arithmetic of torchvision's Resize and
CenterCrop. A test may differ by one grey level, since libjpeg-turbo's versions may.
"""
import io
import sys

import h5py
import numpy as np
from PIL import Image

rng = np.random.default_rng(5)


def picture(width, height, channels):
    """Smooth shapes, so that the codec has something to keep."""
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for _ in range(channels):
        a, b, c, d = rng.uniform(2, 9, 4)
        planes.append(127 + 70 * np.sin(x / a / 2 + d) * np.cos(y / b / 2) + 40 * ((x * c + y * d) % 40 > 20))
    pixels = np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def encode(image, form, **settings):
    file = io.BytesIO()
    image.save(file, form, **settings)
    return file.getvalue()


def expected(data, height, width, fraction, bicubic, mode):
    image = Image.open(io.BytesIO(data))
    full_width, full_height = round(width / fraction), round(height / fraction)
    w, h = image.size
    if w * full_height <= h * full_width:
        size = (full_width, max(height, int(full_width * h / w)))
    else:
        size = (max(width, int(full_height * w / h)), full_height)
    image.draft("L" if mode == "L" else None, size)
    image = image.convert(mode).resize(size, Image.BICUBIC if bicubic else Image.BILINEAR)
    left, top = round((size[0] - width) / 2), round((size[1] - height) / 2)
    return np.asarray(image.crop((left, top, left + width, top + height))).reshape(height, width, -1)


images = [
    encode(picture(40, 30, 3), "JPEG", quality=90),
    encode(picture(31, 57, 3), "JPEG", quality=80, progressive=True),
    encode(picture(150, 101, 3), "JPEG", quality=70),
    encode(picture(97, 230, 3), "JPEG", quality=75, subsampling=0),
    encode(picture(45, 33, 1), "JPEG", quality=85),
    encode(picture(20, 20, 3), "PNG"),
    encode(picture(17, 13, 1), "PNG"),
    encode(picture(1, 1, 3), "PNG"),
    encode(picture(3, 50, 3), "JPEG", quality=90),
    encode(picture(60, 41, 3), "WEBP", lossless=True),
]
with h5py.File(sys.argv[1] if len(sys.argv) > 1 else "encoded.h5", "w", track_order=False) as file:
    file.attrs["format"], file.attrs["version"] = "dptrain-dataset", 1
    file.attrs["classes"] = ["a", "b"]
    file["train/encoded"] = np.frombuffer(b"".join(images), np.uint8)
    file["train/offsets"] = np.cumsum([0] + [len(data) for data in images]).astype(np.uint64)
    file["train/labels"] = (np.arange(len(images)) % 2).astype(np.int32)
    for height, width, fraction, bicubic, mode in [
        (24, 24, 0.875, False, "RGB"), (16, 28, 1.0, True, "RGB"), (20, 12, 0.5, False, "L")
    ]:
        name = f"expected-{'bicubic' if bicubic else 'bilinear'}-{height}x{width}"
        file[name] = np.stack([expected(data, height, width, fraction, bicubic, mode) for data in images])
