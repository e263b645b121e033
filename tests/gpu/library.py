"""denseblock's C API, on memory of PyTorch's or, in the rehearsal, of its own."""

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

import torch

from gpu_shapes import KERNEL_SIZE

GPU_BACKENDS = {"cuda": 5, "cublas": 3, "cudnn": 4}
ALGORITHMS = {"auto": 0, "direct": 1, "winograd2": 2, "winograd4": 3}
WGMMA = 1
TYPES = {"f32": 0, "tf32": 0, "tf32x3": 0, "f16": 2, "bf16": 3}
ARITHMETICS = {"tf32": 1, "tf32x3": 2}
TORCH_TYPES = {
    "f32": torch.float32,
    "tf32": torch.float32,
    "tf32x3": torch.float32,
    "f16": torch.float16,
    "bf16": torch.bfloat16,
}
OK, UNSUPPORTED, UNAVAILABLE = 0, 2, 6
DEVICE_MEMORY = 1
UPLOAD, DOWNLOAD = 0, 1


class Unavailable(Exception):
    """Why something does not take part."""


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
    def __init__(self, path):
        self.c = c = ctypes.CDLL(path)
        for name in ("last_error", "version_string", "plan_describe"):
            getattr(c, f"denseblock_{name}").restype = c_char_p
        for name in ("output_bytes", "weights_bytes", "workspace_bytes"):
            function = getattr(c, f"denseblock_plan_{name}")
            function.argtypes, function.restype = [c_void_p], c_size_t
        c.denseblock_plan_describe.argtypes = [c_void_p]
        c.denseblock_plan_flops.argtypes, c.denseblock_plan_flops.restype = [c_void_p], c_double
        out = POINTER(c_void_p)
        c.denseblock_plan_create.argtypes = [POINTER(Desc), c_int, POINTER(Options), out]
        c.denseblock_context_create.argtypes = [c_int, c_int, out]
        c.denseblock_context_synchronize.argtypes = [c_void_p]
        c.denseblock_weights_prepare.argtypes = [c_void_p] * 4
        c.denseblock_forward.argtypes = [c_void_p] * 6
        c.denseblock_graph_create.argtypes = [*[c_void_p] * 6, out]
        c.denseblock_timer_start.argtypes = [c_void_p]
        c.denseblock_timer_stop.argtypes = [c_void_p, POINTER(c_double)]
        c.denseblock_buffers_create.argtypes = [ctypes.c_bool, out]
        c.denseblock_buffers_allocate.argtypes = [
            c_void_p,
            c_void_p,
            c_int,
            c_size_t,
            c_char_p,
            out,
        ]
        c.denseblock_copy.argtypes = [
            c_void_p,
            c_int,
            c_void_p,
            c_size_t,
            c_void_p,
            c_size_t,
            c_size_t,
            c_size_t,
        ]
        c.denseblock_graph_launch.argtypes = [c_void_p]
        for name in ("plan", "context", "graph", "buffers"):
            getattr(c, f"denseblock_{name}_destroy").argtypes = [c_void_p]

    def check(self, status):
        if status == OK:
            return
        message = self.c.denseblock_last_error().decode()
        if status in (UNSUPPORTED, UNAVAILABLE):
            raise Unavailable(message)
        raise RuntimeError(f"denseblock: {message}")

    def check_backend(self, name):
        self.check(self.c.denseblock_backend_check(GPU_BACKENDS[name]))

    def version(self):
        return self.c.denseblock_version_string().decode()


class TorchMemory:
    """Memory of PyTorch's allocator on the GPU."""

    def __init__(self, library, context):
        self.kept = []

    def empty(self, count, dtype):
        # At least one element, for the address.
        tensor = torch.empty(max(count, 1), dtype=dtype, device="cuda")
        self.kept.append(tensor)
        return tensor.data_ptr()

    def put(self, tensor):
        self.kept.append(tensor)
        return tensor.data_ptr()

    def get(self, address, shape, dtype):
        (tensor,) = [t for t in self.kept if t.data_ptr() == address]
        return tensor.view(shape)

    def close(self):
        self.kept.clear()


class OwnMemory:
    """denseblock_buffers: what plays the GPU in the rehearsal, PyTorch does not know."""

    def __init__(self, library, context):
        self.library, self.context = library, context
        self.buffers = c_void_p()
        library.check(library.c.denseblock_buffers_create(False, byref(self.buffers)))

    def empty(self, count, dtype):
        address = c_void_p()
        self.library.check(
            self.library.c.denseblock_buffers_allocate(
                self.buffers,
                self.context,
                DEVICE_MEMORY,
                max(count, 1) * dtype.itemsize,
                b"bench",
                byref(address),
            )
        )
        return address.value

    def copy(self, direction, dst, src, bytes):
        self.library.check(
            self.library.c.denseblock_copy(
                self.context, direction, dst, bytes, src, bytes, bytes, 1
            )
        )
        self.library.check(self.library.c.denseblock_context_synchronize(self.context))

    def put(self, tensor):
        address = self.empty(tensor.numel(), tensor.dtype)
        self.copy(UPLOAD, address, tensor.data_ptr(), tensor.numel() * tensor.dtype.itemsize)
        return address

    def get(self, address, shape, dtype):
        tensor = torch.empty(shape, dtype=dtype)
        self.copy(DOWNLOAD, tensor.data_ptr(), address, tensor.numel() * tensor.dtype.itemsize)
        return tensor

    def close(self):
        self.library.c.denseblock_buffers_destroy(self.buffers)


class Plan:
    """Some layers of a case, planned; and prepared, in memory that a context uses."""

    def __init__(self, library, backend, case, layers, algorithm="auto", wgmma=False):
        self.library, self.case, self.layers = library, case, layers
        self.handle = c_void_p()
        shape = case.shape
        described = (Layer * len(layers))(
            *[Layer(KERNEL_SIZE, KERNEL_SIZE, shape.growth, 0)] * len(layers)
        )
        desc = Desc(
            shape.batch,
            shape.height,
            shape.width,
            shape.input_channels(layers.start),
            len(layers),
            described,
            TYPES[case.type],
            ARITHMETICS.get(case.type, 0),
        )
        options = Options(algorithm=ALGORITHMS[algorithm], instructions=WGMMA if wgmma else 0)
        library.check(
            library.c.denseblock_plan_create(
                byref(desc), GPU_BACKENDS[backend], byref(options), byref(self.handle)
            )
        )

    def bytes(self, what):
        """Of its "output", "weights" or "workspace"."""
        return getattr(self.library.c, f"denseblock_plan_{what}_bytes")(self.handle)

    def prepare(self, context, memory, kernels):
        """Addresses of all kernels of the case; returns that of the prepared weights."""
        prepared = memory.empty(self.bytes("weights"), torch.uint8)
        wanted = (c_void_p * len(self.layers))(*[kernels[l] for l in self.layers])
        self.library.check(
            self.library.c.denseblock_weights_prepare(context, self.handle, wanted, prepared)
        )
        return prepared

    def describe(self):
        return self.library.c.denseblock_plan_describe(self.handle).decode()

    def close(self):
        self.library.c.denseblock_plan_destroy(self.handle)


class Execution:
    """A context with its memory, and the clock of its stream. x lies apart from y, so that copying
    it is a part of the time, as it is for the peers."""

    def __init__(self, library, backend, case, memory_class):
        self.library, self.case = library, case
        self.context = c_void_p()
        library.check(
            library.c.denseblock_context_create(GPU_BACKENDS[backend], 0, byref(self.context))
        )
        self.memory = memory_class(library, self.context)
        self.x = self.memory.put(case.x)
        self.kernels = [self.memory.put(k) for k in case.kernels]
        # Looked up once: the time of a turn has the host's part in it.
        self.forward = library.c.denseblock_forward

    def execute(self, arguments):
        self.library.check(self.forward(*arguments))

    def start(self):
        self.library.check(self.library.c.denseblock_timer_start(self.context))

    def stop(self):
        seconds = c_double()
        self.library.check(self.library.c.denseblock_timer_stop(self.context, byref(seconds)))
        return seconds.value

    def fetch(self, y):
        shape = self.case.shape
        size = (shape.batch, shape.height, shape.width, shape.output_channels)
        self.library.check(self.library.c.denseblock_context_synchronize(self.context))
        return self.memory.get(y, size, TORCH_TYPES[self.case.type])

    def close(self):
        self.memory.close()
        self.library.c.denseblock_context_destroy(self.context)


class Block(Execution):
    """The whole block, in place."""

    def __init__(self, library, backend, case, memory_class, algorithm="auto", wgmma=False):
        self.plan = Plan(library, backend, case, range(case.shape.layers), algorithm, wgmma)
        if library.c.denseblock_plan_flops(self.plan.handle) != case.shape.flops:
            raise ValueError("denseblock counts other operations than the benchmark")
        super().__init__(library, backend, case, memory_class)
        dtype = TORCH_TYPES[case.type]
        self.y = self.memory.empty(self.plan.bytes("output") // dtype.itemsize, dtype)
        self.arguments = (
            self.context,
            self.plan.handle,
            self.plan.prepare(self.context, self.memory, self.kernels),
            self.x,
            self.y,
            self.memory.empty(self.plan.bytes("workspace"), torch.uint8),
        )
        self.run()  # CUDA loads kernels when they are first used, which a capture may not allow
        self.graph = c_void_p()
        library.check(library.c.denseblock_graph_create(*self.arguments, byref(self.graph)))
        self.launch = library.c.denseblock_graph_launch

    def run(self):
        self.execute(self.arguments)

    def run_graph(self):
        self.library.check(self.launch(self.graph))

    def result(self):
        return self.fetch(self.y)

    def close(self):
        self.library.c.denseblock_graph_destroy(self.graph)
        super().close()
        self.plan.close()


class Copies(Execution):
    """Layer by layer, each with an output of its own into which all features are copied: what
    concatenation costs where it is a copy. Two outputs in turns are enough."""

    def __init__(self, library, backend, case, memory_class):
        shape, dtype = case.shape, TORCH_TYPES[case.type]
        self.plans = [
            Plan(library, backend, case, range(l, l + 1)) for l in range(shape.layers)
        ]
        super().__init__(library, backend, case, memory_class)
        elements = self.plans[-1].bytes("output") // dtype.itemsize
        outputs = [self.memory.empty(elements, dtype) for _ in range(2)]
        workspace = self.memory.empty(max(p.bytes("workspace") for p in self.plans), torch.uint8)
        self.calls, src = [], self.x
        for l, plan in enumerate(self.plans):
            prepared = plan.prepare(self.context, self.memory, self.kernels)
            self.y = outputs[l % 2]
            self.calls.append((self.context, plan.handle, prepared, src, self.y, workspace))
            src = self.y

    def run(self):
        for arguments in self.calls:
            self.execute(arguments)

    def result(self):
        return self.fetch(self.y)

    def close(self):
        super().close()
        for plan in self.plans:
            plan.close()
