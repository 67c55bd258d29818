"""Writes the images beside this file: one of each kind that people have, all tiny.

    python make_images.py       (Pillow 13; seed 7)
"""
import pathlib

import numpy
from PIL import Image

folder = pathlib.Path(__file__).parent
random = numpy.random.default_rng(7)


def image(width=12, height=8):
    corners = random.integers(0, 256, (2, 3, 3)).astype("uint8")
    return Image.fromarray(corners).resize((width, height), Image.BICUBIC)


orientation = Image.Exif()
orientation[0x0112] = 6
image().save(folder / "plain.jpg")
image().convert("L").save(folder / "grey.jpg")
image().convert("CMYK").save(folder / "cmyk.jpg")
image().save(folder / "turned.jpg", exif=orientation)
image().save(folder / "plain.png")
image().convert("P", palette=Image.ADAPTIVE).save(folder / "palette.png")
image().convert("RGBA").save(folder / "alpha.png")
image(1, 1).save(folder / "one.png")
Image.fromarray(random.integers(0, 65536, (8, 12)).astype("uint16")).save(folder / "deep.png")
image().save(folder / "plain.webp", lossless=True)
image().save(folder / "animated.webp", save_all=True, append_images=[image()])
image().save(folder / "picture.gif")
