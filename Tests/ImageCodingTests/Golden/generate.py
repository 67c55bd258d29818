"""Writes images.h5 beside it: small images in all formats, as bytes, with the pixels that Pillow makes of them, and resized
arrays. Needs Pillow (written with 13.0.0), NumPy, h5py, and libturbojpeg for the one kind that Pillow does not write.

    python generate.py

Pixels of JPEG are compared with a tolerance of one grey level: Pillow brings a libjpeg-turbo of its own. All else is equal.
"""
import ctypes
import io
import os
import struct
import zlib

import h5py
import numpy as np
from PIL import Image, ImageOps

HERE = os.path.dirname(os.path.abspath(__file__))
random = np.random.default_rng(12)


def picture(height, width, channels=3):
    """Smooth colours, an edge, and some noise: uint8 [height, width, channels]."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    smooth = 128 + 90 * np.sin(x / 9 + c) * np.cos(y / 7 - 2 * c)
    edge = 60 * ((x + 2 * y) // 23 % 2)
    return np.clip(smooth + edge + random.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)


def encoded(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(values, bits):
    """Rows of [height, values] in PNG's form, each with filter 0."""
    if bits == 16:
        rows = values.astype(">u2").view(np.uint8).reshape(len(values), -1)
    else:
        digits = (values[..., None] >> np.arange(bits - 1, -1, -1)) & 1
        rows = np.packbits(digits.reshape(len(values), -1).astype(np.uint8), axis=1)
    return np.insert(rows, 0, 0, axis=1).tobytes()


def png(values, kind, bits=8, interlaced=False, more=b""):
    """A PNG file of [height, width, channels]: kinds and bits that Pillow does not write."""
    height, width = values.shape[:2]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [values[y::dy, x::dx] for y, x, dy, dx in passes]
    data = b"".join(packed(p.reshape(len(p), -1), bits) for p in parts if p.size)
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(data))
            + chunk(b"IEND", b""))


def ycck(pixels):
    """JPEG with CMYK stored as YCCK, which Pillow reads but does not write."""
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitCompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(turbo.tjInitCompress())
    result, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_ulong()
    height, width = pixels.shape[:2]
    cmyk, sampled_420 = 11, 2
    code = turbo.tjCompress2(
        handle, np.ascontiguousarray(pixels).ctypes.data_as(ctypes.c_void_p), width, 0, height, cmyk,
        ctypes.byref(result), ctypes.byref(size), sampled_420, 90, 0)
    assert code == 0
    return bytes(result[:size.value])


def oriented(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


file = h5py.File(os.path.join(HERE, "images.h5"), "w", libver=("v110", "v110"))


def store(group, name, pixels):
    if pixels.size < 400:
        group[name] = pixels
    else:
        group.create_dataset(name, data=pixels, compression="gzip", compression_opts=9)


def add(name, data, color, bits=8, alpha=False, orientation=1, mode="RGB", wanted=None, pixels=None):
    """`wanted` is the size given to Pillow's draft. Without `pixels`, they are what Pillow decodes."""
    group = file.create_group(f"decode/{name}")
    image = Image.open(io.BytesIO(data))
    group.create_dataset("encoded", data=np.frombuffer(data, np.uint8))
    group.attrs.update(
        format=image.format, width=image.width, height=image.height, color=color, bits=bits, alpha=int(alpha),
        orientation=orientation, channels=len(mode), wanted=wanted or (0, 0))
    if wanted or mode == "L" and color == "rgb" and image.format == "JPEG":
        image.draft(mode, wanted or image.size)
    if pixels is None:
        pixels = np.asarray(ImageOps.exif_transpose(image).convert(mode))
    store(group, "pixels", pixels.reshape(*pixels.shape[:2], len(mode)))


# JPEG.
rgb = Image.fromarray(picture(33, 45))
for name, options in {
    "444": dict(subsampling=0), "422": dict(subsampling=1), "420": dict(subsampling=2), "rgb": dict(keep_rgb=True),
    "progressive": dict(progressive=True), "restarts": dict(restart_marker_blocks=2), "optimised": dict(optimize=True),
    "quality-30": dict(quality=30), "quality-95": dict(quality=95),
}.items():
    add(f"jpeg-{name}", encoded(rgb, "JPEG", **options), "rgb")
add("jpeg-as-grey", encoded(rgb, "JPEG"), "rgb", mode="L")
grey = Image.fromarray(picture(30, 41, 1)[..., 0])
add("jpeg-grey", encoded(grey, "JPEG"), "grey", mode="L")
add("jpeg-grey-as-rgb", encoded(grey, "JPEG", progressive=True), "grey")
cmyk = picture(28, 37, 4)
add("jpeg-cmyk", encoded(Image.fromarray(cmyk, "CMYK"), "JPEG"), "cmyk")
add("jpeg-cmyk-as-grey", encoded(Image.fromarray(cmyk, "CMYK"), "JPEG"), "cmyk", mode="L",
    pixels=np.asarray(Image.open(io.BytesIO(encoded(Image.fromarray(cmyk, "CMYK"), "JPEG"))).convert("RGB").convert("L")))
add("jpeg-ycck", ycck(cmyk), "cmyk")
for width, height in (1, 1), (1, 9), (9, 1), (2, 2), (17, 16):
    add(f"jpeg-{width}x{height}", encoded(Image.fromarray(picture(height, width)), "JPEG"), "rgb")
small = Image.fromarray(picture(13, 22))
for value in range(1, 9):
    add(f"jpeg-turned-{value}", encoded(small, "JPEG", exif=oriented(value)), "rgb", orientation=value)
for subsampling in 0, 1, 2:
    image = Image.fromarray(picture(67, 91))
    for wanted in (45, 33), (30, 25), (22, 16), (12, 8), (11, 8), (1, 1):
        add(f"jpeg-draft-{subsampling}-{wanted[0]}x{wanted[1]}", encoded(image, "JPEG", subsampling=subsampling), "rgb",
            wanted=wanted)

# PNG. Pillow keeps 16 bits of grey; their upper halves are what is wanted.
add("png-rgb", encoded(rgb, "PNG"), "rgb")
add("png-rgb-as-grey", encoded(rgb, "PNG"), "rgb", mode="L")
add("png-grey", encoded(grey, "PNG"), "grey", mode="L")
add("png-grey-as-rgb", encoded(grey, "PNG"), "grey")
add("png-turned", encoded(small, "PNG", exif=oriented(6)), "rgb", orientation=6)
add("png-1x1", encoded(Image.fromarray(picture(1, 1)), "PNG"), "rgb")
for interlaced in False, True:
    suffix = "-interlaced" if interlaced else ""
    for bits in 1, 2, 4, 8, 16:
        values = random.integers(0, 2 ** bits, (19, 27, 1))
        shown = (values if bits == 8 else values >> 8 if bits == 16 else values * (255 // (2 ** bits - 1)))
        add(f"png-grey-{bits}{suffix}", png(values, 0, bits, interlaced), "grey", bits, mode="L",
            pixels=shown.astype(np.uint8))
        if bits > 8:
            continue
        palette = random.integers(0, 256, (2 ** bits, 3), np.uint8)
        transparent = chunk(b"tRNS", b"\0\x80")
        add(f"png-palette-{bits}{suffix}", png(values, 3, bits, interlaced, chunk(b"PLTE", palette.tobytes())),
            "palette", bits)
        add(f"png-palette-{bits}-alpha{suffix}",
            png(values, 3, bits, interlaced, chunk(b"PLTE", palette.tobytes()) + transparent), "palette", bits, True)
    for kind, name, channels, color, alpha in (2, "rgb", 3, "rgb", False), (4, "grey-alpha", 2, "grey", True), \
            (6, "rgb-alpha", 4, "rgb", True):
        for bits in 8, 16:
            values = random.integers(0, 2 ** bits, (19, 27, channels))
            add(f"png-{name}-{bits}{suffix}", png(values, kind, bits, interlaced), color, bits, alpha)
add("png-transparent-colour", png(np.asarray(small), 2, more=chunk(b"tRNS", bytes(6))), "rgb", alpha=True)

# WebP.
add("webp-lossy", encoded(rgb, "WEBP"), "rgb")
add("webp-lossless", encoded(rgb, "WEBP", lossless=True), "rgb")
add("webp-grey", encoded(rgb, "WEBP"), "rgb", mode="L")
rgba = Image.fromarray(picture(21, 34, 4))
add("webp-lossy-alpha", encoded(rgba, "WEBP"), "rgb", alpha=True)
add("webp-lossless-alpha", encoded(rgba, "WEBP", lossless=True), "rgb", alpha=True)
add("webp-turned", encoded(small, "WEBP", lossless=True, exif=oriented(8)), "rgb", orientation=8)

# Resizing.
for number, (source, box, size) in enumerate([
    ((40, 52), None, (20, 26)), ((40, 52), None, (13, 7)), ((40, 52), None, (61, 99)), ((40, 52), None, (52, 40)),
    ((40, 52), None, (52, 17)), ((40, 52), (3.25, 1.5, 40.75, 33.125), (24, 24)), ((40, 52), (0, 0, 1, 1), (5, 5)),
    ((40, 52), (51, 39, 52, 40), (3, 4)), ((40, 52), (10.4, 10.4, 10.6, 10.6), (2, 2)), ((1, 1), None, (7, 7)),
    ((1, 30), None, (4, 4)), ((30, 1), None, (4, 4)), ((67, 121), None, (1, 1)), ((67, 121), None, (3, 2)),
    ((40, 52), (13.4, 2.3, 41.9, 38.2), (32, 32)), ((40, 52), None, (51, 39)),
    # Lower and wider, by the size of the whole image.
    ((40, 52), None, (99, 13)), ((67, 121), None, (122, 3)), ((40, 52), (3.25, 1.5, 40.75, 33.125), (61, 39)),
    ((40, 52), (0, 0, 20, 9), (53, 12)), ((40, 52), None, (17, 66)),
]):
    for channels in 1, 3:
        name = f"source/{source[0]}x{source[1]}x{channels}"
        if name not in file:
            store(file, name, picture(*source, channels))
        pixels = file[name][()]
        for filter in "bilinear", "bicubic":
            group = file.create_group(f"resize/{number:02}-{channels}-{filter}")
            image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
            group.attrs.update(box=[float(side) for side in box or (0, 0, source[1], source[0])], filter=filter, source=name)
            result = np.asarray(image.resize(size, Image.Resampling[filter.upper()], box))
            store(group, "result", result.reshape(size[1], size[0], channels))

# Written as JPEG, by Pillow's default options.
for name, image, quality in ("rgb", rgb, 95), ("rgb", rgb, 75), ("rgb", rgb, 30), ("grey", grey, 90):
    group = file.create_group(f"encode/{name}-{quality}")
    pixels = np.asarray(image)
    group.attrs.update(quality=quality)
    store(group, "pixels", pixels.reshape(*pixels.shape[:2], -1))
    group.create_dataset("encoded", data=np.frombuffer(encoded(image, "JPEG", quality=quality), np.uint8))

# Refused.
frames = [Image.fromarray(picture(9, 9)) for _ in range(2)]
file["refused/animated-webp"] = np.frombuffer(
    encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]), np.uint8)
file["refused/animated-png"] = np.frombuffer(
    encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]), np.uint8)
file["refused/gif"] = np.frombuffer(encoded(frames[0], "GIF"), np.uint8)
file.close()
