"""PyTorch: the ways to run a dense block that a user of it has."""

import time

import torch
import torch.nn.functional as F

from library import Unavailable
from gpu_shapes import KERNEL_SIZE

PADDING = (KERNEL_SIZE - 1) // 2


def set_arithmetic(element_type):
    """Convolutions of f32 in TF32, or not; and the fastest algorithm of cuDNN, found by trial."""
    tf32 = element_type == "tf32"
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True


def with_cat(x, weights):
    for weight in weights:
        x = torch.cat([x, F.conv2d(F.relu(x), weight, padding=PADDING)], 1)
    return x


def with_slices(x, weights, y):
    """The output is allocated once, and every layer writes its slice."""
    begin = x.shape[1]
    y[:, :begin] = x
    for weight in weights:
        end = begin + weight.shape[0]
        y[:, begin:end] = F.conv2d(F.relu(y[:, :begin]), weight, padding=PADDING)
        begin = end
    return y


class Clock:
    """Times what PyTorch's stream executes; in the rehearsal, what the CPU does."""

    def __init__(self, device):
        self.events = None
        if device == "cuda":
            self.events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]

    def start(self):
        if self.events:
            self.events[0].record()
        else:
            self.began = time.perf_counter()

    def stop(self):
        if not self.events:
            return time.perf_counter() - self.began
        self.events[1].record()
        self.events[1].synchronize()
        return 1e-3 * self.events[0].elapsed_time(self.events[1])


class Way:
    """One way; `run` executes it once, and `result` is y[N,H,W,C] of the last execution."""

    def __init__(self, name, compute, clock):
        self.name, self.compute = name, compute
        self.start, self.stop = clock.start, clock.stop

    def run(self):
        with torch.inference_mode():
            self.y = self.compute()

    def result(self):
        return self.y.permute(0, 2, 3, 1)


class Replay(Way):
    """The same as a CUDA graph: without the time that the host takes for its launches."""

    def __init__(self, way, clock):
        if not torch.cuda.is_available():
            raise Unavailable("there is no GPU")
        super().__init__(f"{way.name}, graph", None, clock)
        self.graph = torch.cuda.CUDAGraph()
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.inference_mode():
            with torch.cuda.stream(stream):
                for _ in range(3):
                    way.compute()
            torch.cuda.current_stream().wait_stream(stream)
            with torch.cuda.graph(self.graph):
                self.y = way.compute()

    def run(self):
        self.graph.replay()


def first_line(error):
    text = f"{type(error).__name__}: {error}"
    return text.splitlines()[0][:200]


def ways(case, device, compiled):
    """The ways and, by name, why others do not take part."""
    set_arithmetic(case.type)
    clock = Clock(device)
    # A view of [N,H,W,C] is PyTorch's channels_last.
    x = case.x.permute(0, 3, 1, 2)
    weights = [
        k.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last) for k in case.kernels
    ]
    shape = case.shape
    y = torch.empty(
        (shape.batch, shape.output_channels, shape.height, shape.width),
        dtype=x.dtype,
        device=x.device,
        memory_format=torch.channels_last,
    )
    found = [
        Way("PyTorch eager", lambda: with_cat(x, weights), clock),
        Way("PyTorch preallocated", lambda: with_slices(x, weights, y), clock),
    ]
    absent = {}
    if compiled:
        torch.compiler.reset()
        block = torch.compile(with_cat, dynamic=False)
        found.append(Way("PyTorch compiled", lambda: block(x, weights), clock))
    else:
        absent["PyTorch compiled"] = "no time left to compile it"
    for way in list(found):
        try:
            way.run()
        except Exception as error:  # such as a compiler that PyTorch does not find
            absent[way.name] = first_line(error)
            found.remove(way)
            continue
        try:
            found.append(Replay(way, clock))
        except Exception as error:
            absent[f"{way.name}, graph"] = first_line(error)
    return found, absent


def exact_result(x, kernels):
    """y[N,H,W,C] in f64."""
    set_arithmetic("f32")
    with torch.inference_mode():
        y = with_cat(
            x.double().permute(0, 3, 1, 2), [k.double().permute(3, 2, 0, 1) for k in kernels]
        )
    return y.permute(0, 2, 3, 1)
