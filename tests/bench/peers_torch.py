"""PyTorch: the ways to write the block, in both memory formats."""

import re

import numpy as np
import torch
import torch._inductor.config
import torch.nn.functional as F

from contender import Contender, Entry
from shapes import KERNEL_SIZE

FORMATS = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}
PADDING = (KERNEL_SIZE - 1) // 2


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


class Block(torch.nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.weights = torch.nn.ParameterList(weights)

    def forward(self, x):
        return with_cat(x, self.weights)


def tensors(case, memory_format):
    x = torch.from_numpy(case.x).permute(0, 3, 1, 2).contiguous(memory_format=memory_format)
    weights = [
        torch.from_numpy(k).permute(3, 2, 0, 1).contiguous(memory_format=memory_format)
        for k in case.kernels
    ]
    return x, weights


def contender(name, compute):
    box = {}

    def run():
        with torch.inference_mode():
            box["y"] = compute()

    def result():
        return np.ascontiguousarray(box["y"].permute(0, 2, 3, 1).numpy())

    return Contender(name, run, result)


def cat_entry(format_name):
    name = f"pytorch {format_name} cat"

    def make(case, threads):
        torch.set_num_threads(threads)
        x, weights = tensors(case, FORMATS[format_name])
        return contender(name, lambda: with_cat(x, weights))

    return Entry(name, "PyTorch", make)


def slices_entry(format_name):
    name = f"pytorch {format_name} slices"

    def make(case, threads):
        torch.set_num_threads(threads)
        x, weights = tensors(case, FORMATS[format_name])
        batch, _, height, width = x.shape
        y = torch.empty(
            (batch, case.shape.output_channels, height, width),
            memory_format=FORMATS[format_name],
        )
        return contender(name, lambda: with_slices(x, weights, y))

    return Entry(name, "PyTorch", make)


def compiled_entry():
    name = "pytorch compiled"

    def make(case, threads):
        torch.set_num_threads(threads)
        torch._dynamo.reset()  # the number of threads is compiled in
        x, weights = tensors(case, torch.channels_last)
        # Frozen weights are constants, repacked beforehand.
        torch._inductor.config.freezing = True
        compiled = torch.compile(Block(weights).eval())
        with torch.inference_mode():
            compiled(x)
        return contender(name, lambda: compiled(x))

    return Entry(name, "PyTorch", make)


ENTRIES = [
    cat_entry("channels_last"),
    slices_entry("channels_last"),
    cat_entry("contiguous"),
    slices_entry("contiguous"),
    compiled_entry(),
]


def version():
    onednn = re.search(r"MKL-DNN v([0-9.]+)", torch.__config__.show())
    return f"{torch.__version__} (with oneDNN {onednn[1]})" if onednn else torch.__version__
