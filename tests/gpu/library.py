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
TYPES = {"f32": 0, "tf32": 0, "f16": 2, "bf16": 3}
TORCH_TYPES = {
    "f32": torch.float32,
    "tf32": torch.float32,
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
        c.denseblock_plan_create.argtypes = [POINTER(Desc), c_int, c_void_p, out]
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


class Block:
    """A planned and prepared block. x lies apart from y, so that copying it is a part of the
    time, as it is for the peers."""

    def __init__(self, library, backend, case, memory_class):
        self.library, self.case = library, case
        self.plan, self.context, self.graph = c_void_p(), c_void_p(), c_void_p()
        self.memory = None
        c, shape, dtype = library.c, case.shape, TORCH_TYPES[case.type]
        layers = (Layer * shape.layers)(
            *[Layer(KERNEL_SIZE, KERNEL_SIZE, shape.growth, 0)] * shape.layers
        )
        desc = Desc(
            shape.batch,
            shape.height,
            shape.width,
            shape.channels,
            shape.layers,
            layers,
            TYPES[case.type],
            int(case.type == "tf32"),
        )
        number = GPU_BACKENDS[backend]
        library.check(c.denseblock_plan_create(byref(desc), number, None, byref(self.plan)))
        if c.denseblock_plan_flops(self.plan) != shape.flops:
            raise ValueError("denseblock counts other operations than the benchmark")
        library.check(c.denseblock_context_create(number, 0, byref(self.context)))
        self.memory = memory = memory_class(library, self.context)
        self.y_shape = (shape.batch, shape.height, shape.width, shape.output_channels)
        self.y = memory.empty(c.denseblock_plan_output_bytes(self.plan) // dtype.itemsize, dtype)
        prepared = memory.empty(c.denseblock_plan_weights_bytes(self.plan), torch.uint8)
        workspace = memory.empty(c.denseblock_plan_workspace_bytes(self.plan), torch.uint8)
        kernels = (c_void_p * shape.layers)(*[memory.put(k) for k in case.kernels])
        library.check(c.denseblock_weights_prepare(self.context, self.plan, kernels, prepared))
        self.arguments = (
            self.context,
            self.plan,
            prepared,
            memory.put(case.x),
            self.y,
            workspace,
        )
        library.check(c.denseblock_graph_create(*self.arguments, byref(self.graph)))
        # Looked up once: the time of a turn has the host's part in it.
        self.forward, self.launch = c.denseblock_forward, c.denseblock_graph_launch

    def run(self):
        if self.forward(*self.arguments) != OK:
            self.library.check(self.forward(*self.arguments))

    def run_graph(self):
        if self.launch(self.graph) != OK:
            self.library.check(self.launch(self.graph))

    def start(self):
        self.library.check(self.library.c.denseblock_timer_start(self.context))

    def stop(self):
        seconds = c_double()
        self.library.check(self.library.c.denseblock_timer_stop(self.context, byref(seconds)))
        return seconds.value

    def result(self):
        self.library.check(self.library.c.denseblock_context_synchronize(self.context))
        return self.memory.get(self.y, self.y_shape, TORCH_TYPES[self.case.type])

    def describe(self):
        return self.library.c.denseblock_plan_describe(self.plan).decode()

    def workspace_bytes(self):
        return self.library.c.denseblock_plan_workspace_bytes(self.plan)

    def weights_bytes(self):
        return self.library.c.denseblock_plan_weights_bytes(self.plan)

    def close(self):
        self.library.c.denseblock_graph_destroy(self.graph)
        if self.memory is not None:
            self.memory.close()
        self.library.c.denseblock_context_destroy(self.context)
        self.library.c.denseblock_plan_destroy(self.plan)
        self.graph = self.context = self.plan = None
