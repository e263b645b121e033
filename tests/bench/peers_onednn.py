"""oneDNN: blocks of its primitives (onednn_block.c), in every layout and algorithm that it has."""

import ctypes
from ctypes import c_char_p, c_int, c_void_p

import numpy as np

from contender import Contender, Entry, Unavailable
from shapes import KERNEL_SIZE

# enum onednn_layout
LAYOUTS = {
    "nChw8c in place": 0,
    "nChw16c in place": 1,
    "nhwc by image": 2,
    "nhwc by batch": 3,
}


class Library:
    def __init__(self, path):
        self.c = c = ctypes.CDLL(path)
        c.onednn_block_create.argtypes = [c_int] * 7 + [c_void_p, c_int, c_int]
        c.onednn_block_create.restype = c_void_p
        for name in ("destroy", "run", "implementation"):
            getattr(c, f"onednn_block_{name}").argtypes = [c_void_p]
        for name in ("set_input", "get_output"):
            getattr(c, f"onednn_block_{name}").argtypes = [c_void_p, c_void_p]
        for name in ("implementation", "error"):
            getattr(c, f"onednn_block_{name}").restype = c_char_p
        version = c.onednn_block_version()
        self.version = f"{version // 10000}.{version // 100 % 100}.{version % 100}"

    def error(self):
        return self.c.onednn_block_error().decode()


class Block:
    def __init__(self, library, case, threads, layout, winograd):
        c, shape = library.c, case.shape
        self.library, self.shape, self.handle = library, shape, None
        c.onednn_block_set_threads(threads)
        kernels = (c_void_p * shape.layers)(*[k.ctypes.data for k in case.kernels])
        self.handle = c.onednn_block_create(
            shape.batch,
            shape.height,
            shape.width,
            shape.channels,
            shape.layers,
            shape.growth,
            KERNEL_SIZE,
            kernels,
            layout,
            winograd,
        )
        if self.handle is None:
            raise Unavailable(library.error())
        c.onednn_block_set_input(self.handle, case.x.ctypes.data)

    def __del__(self):
        self.library.c.onednn_block_destroy(self.handle)

    def run(self):
        if self.library.c.onednn_block_run(self.handle) != 0:
            raise RuntimeError(self.library.error())

    def result(self):
        s = self.shape
        y = np.empty((s.batch, s.height, s.width, s.output_channels), np.float32)
        self.library.c.onednn_block_get_output(self.handle, y.ctypes.data)
        return y

    def implementation(self):
        return self.library.c.onednn_block_implementation(self.handle).decode()


def entry(library, layout, algorithm):
    name = f"onednn {library.version} {layout} {algorithm}"

    def make(case, threads):
        if layout == "nhwc by batch" and case.shape.batch == 1:
            raise Unavailable("the same as by image")
        block = Block(library, case, threads, LAYOUTS[layout], algorithm == "winograd")
        return Contender(name, block.run, block.result, block.implementation())

    return Entry(name, "oneDNN", make)


def entries(library):
    return [
        entry(library, layout, algorithm)
        for algorithm in ("direct", "winograd")
        for layout in LAYOUTS
    ]
