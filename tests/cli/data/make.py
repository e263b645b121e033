#!/usr/bin/env python3
"""Makes the PNG files of this folder, beside itself. Needs Pillow."""
import pathlib
import struct
import zlib

from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def promise(width, height):
    """A header for 8-bit RGB pixels of that size, and next to no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


good = Image.new("RGB", (4, 5))
good.putdata([(11 * i, 255 - 5 * i, i * i % 256) for i in range(20)])
for mode, name in [("RGB", "rgb"), ("L", "grey"), ("RGBA", "rgba"), ("LA", "grey_alpha")]:
    good.convert(mode).save(HERE / f"{name}.png")
good.quantize(8).save(HERE / "palette.png")
Image.new("I;16", (4, 5)).save(HERE / "16_bit.png")

data = (HERE / "rgb.png").read_bytes()
(HERE / "truncated.png").write_bytes(data[:60])
(HERE / "damaged.png").write_bytes(data[:50] + bytes([data[50] ^ 0xFF]) + data[51:])
(HERE / "huge.png").write_bytes(promise(1000000, 1000000))
(HERE / "large_truncated.png").write_bytes(promise(60000, 60000))
(HERE / "text.png").write_bytes(b"\x89PNG\r\n\x1a\nno chunks follow\n")
