"""Writes the PNG files beside it with nothing but Python's standard library: generate.py"""
import pathlib
import struct
import zlib

FOLDER = pathlib.Path(__file__).parent


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def paeth(left, above, corner):
    guess = left + above - corner
    return min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))[2]


def write(name, width, height, color_type, channels):
    row = width * channels
    pixels = [i * i * 7 % 256 for i in range(row * height)]
    lines = bytearray()
    for y in range(height):
        lines.append(y % 5)
        for x in range(row):
            left = pixels[y * row + x - channels] if x >= channels else 0
            above = pixels[(y - 1) * row + x] if y else 0
            corner = pixels[(y - 1) * row + x - channels] if y and x >= channels else 0
            guess = [0, left, above, (left + above) // 2, paeth(left, above, corner)][y % 5]
            lines.append((pixels[y * row + x] - guess) % 256)
    compressed = zlib.compress(bytes(lines))
    header = struct.pack(">IIBBBBB", width, height, 8, color_type, 0, 0, 0)
    with open(FOLDER / name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tEXt", b"Comment\0two parts"))
        file.write(chunk(b"IDAT", compressed[:9]) + chunk(b"IDAT", compressed[9:]) + chunk(b"IEND", b""))


write("filters-rgb.png", 4, 5, 2, 3)
write("filters-grey.png", 3, 5, 0, 1)
write("palette.png", 3, 5, 3, 1)
