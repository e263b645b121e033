"""denseblock itself, through its C API."""

import ctypes
from ctypes import (
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_double,
    c_int,
    c_int64,
    c_size_t,
    c_void_p,
)

import numpy as np

import aligned
from contender import Contender, Entry, Unavailable
from shapes import KERNEL_SIZE

BACKENDS = {"reference": 1, "cpu": 2}
F32 = 0
AUTO, DIRECT = 0, 1
ACCURACY_DEFAULT, ACCURACY_HIGH = 0, 1


class Layer(Structure):
    _fields_ = [
        ("kernel_height", c_int64),
        ("kernel_width", c_int64),
        ("growth", c_int64),
        ("prologue", c_int),
    ]


class Desc(Structure):
    _fields_ = [
        ("batch", c_int64),
        ("height", c_int64),
        ("width", c_int64),
        ("channels", c_int64),
        ("layer_count", c_int64),
        ("layers", POINTER(Layer)),
        ("type", c_int),
        ("arithmetic", c_int),
    ]


class Options(Structure):
    _fields_ = [
        ("algorithm", c_int),
        ("accuracy", c_int),
        ("group_size", c_int64),
        ("thread_count", c_int64),
        ("workspace_limit", c_size_t),
        ("device", c_int),
        ("instructions", c_int),
    ]


class Library:
    def __init__(self, path, backend):
        self.c = ctypes.CDLL(path)
        self.backend = BACKENDS[backend]
        c = self.c
        for name in ("last_error", "version_string", "plan_describe"):
            getattr(c, f"denseblock_{name}").restype = c_char_p
        for name in ("output_bytes", "weights_bytes", "workspace_bytes"):
            function = getattr(c, f"denseblock_plan_{name}")
            function.argtypes, function.restype = [c_void_p], c_size_t
        c.denseblock_plan_flops.argtypes, c.denseblock_plan_flops.restype = [c_void_p], c_double
        c.denseblock_plan_describe.argtypes = [c_void_p]
        c.denseblock_plan_create.argtypes = [
            POINTER(Desc),
            c_int,
            POINTER(Options),
            POINTER(c_void_p),
        ]
        c.denseblock_context_create.argtypes = [c_int, c_int, POINTER(c_void_p)]
        c.denseblock_weights_prepare.argtypes = [c_void_p] * 4
        c.denseblock_forward.argtypes = [c_void_p] * 6
        for name in ("plan", "context"):
            getattr(c, f"denseblock_{name}_destroy").argtypes = [c_void_p]

    def check(self, status):
        if status != 0:
            raise Unavailable(self.c.denseblock_last_error().decode())

    def check_backend(self):
        self.check(self.c.denseblock_backend_check(self.backend))

    def version(self):
        return self.c.denseblock_version_string().decode()


class Block:
    """A planned and prepared block with its memory."""

    def __init__(self, library, case, threads, algorithm, accuracy):
        self.library, self.x = library, case.x
        self.plan, self.context = c_void_p(), c_void_p()
        c, shape = library.c, case.shape
        layers = (Layer * shape.layers)(
            *[Layer(KERNEL_SIZE, KERNEL_SIZE, shape.growth, 0)] * shape.layers
        )
        desc = Desc(
            shape.batch, shape.height, shape.width, shape.channels, shape.layers, layers, F32, 0
        )
        options = Options(algorithm=algorithm, accuracy=accuracy, thread_count=threads)
        library.check(
            c.denseblock_plan_create(
                byref(desc), library.backend, byref(options), byref(self.plan)
            )
        )
        if c.denseblock_plan_flops(self.plan) != shape.flops:
            raise ValueError("denseblock counts other operations than the benchmark")
        library.check(c.denseblock_context_create(library.backend, 0, byref(self.context)))

        self.prepared = aligned.empty(c.denseblock_plan_weights_bytes(self.plan), np.uint8)
        self.workspace = aligned.empty(c.denseblock_plan_workspace_bytes(self.plan), np.uint8)
        self.y = aligned.empty(
            (shape.batch, shape.height, shape.width, shape.output_channels), np.float32
        )
        kernels = (c_void_p * shape.layers)(*[k.ctypes.data for k in case.kernels])
        library.check(
            c.denseblock_weights_prepare(
                self.context, self.plan, kernels, self.prepared.ctypes.data
            )
        )
        self.arguments = (
            self.context,
            self.plan,
            self.prepared.ctypes.data,
            self.x.ctypes.data,
            self.y.ctypes.data,
            self.workspace.ctypes.data,
        )

    def __del__(self):
        self.library.c.denseblock_context_destroy(self.context)
        self.library.c.denseblock_plan_destroy(self.plan)

    def run(self):
        # x lies apart from y, so that copying it is a part of the time.
        self.library.check(self.library.c.denseblock_forward(*self.arguments))

    def describe(self):
        return self.library.c.denseblock_plan_describe(self.plan).decode()


DEFAULT, HIGH = "denseblock", "denseblock high accuracy"


def entries(library):
    def entry(name, algorithm, accuracy):
        def make(case, threads):
            block = Block(library, case, threads, algorithm, accuracy)
            return Contender(name, block.run, lambda: block.y, block.describe())

        return Entry(name, name, make)

    return [
        entry(DEFAULT, AUTO, ACCURACY_DEFAULT),
        entry(HIGH, AUTO, ACCURACY_HIGH),
        entry("denseblock direct", DIRECT, ACCURACY_DEFAULT),
    ]
