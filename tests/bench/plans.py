"""What the cuda backend plans, and expects, on GPUs that the runtime double plays: a table for
notes.md, which has the command. Nothing is run.
"""

import ctypes
import json
import os
import re
import subprocess
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_void_p

from denseblock import Desc, Layer, Options

F16, CUDA = 2, 5
# Capability, multiprocessors, L2 cache in MiB, MHz of memory with a bus of 5120 bits.
GPUS = {
    "H100": (90, 132, 50, 2619),
    "A100": (80, 108, 40, 1215),
    "RTX 4090": (89, 128, 72, 788),
}
# Batch, plane, channels, layers, kernel; growth 32.
BLOCKS = [
    (256, 56, 64, 6, 3),
    (256, 28, 128, 12, 3),
    (256, 14, 256, 24, 3),
    (10, 224, 32, 6, 3),
    (64, 56, 64, 6, 1),
]


def describe(library, block):
    batch, plane, channels, count, kernel = block
    layers = (Layer * count)(*[Layer(kernel, kernel, 32, 0)] * count)
    desc = Desc(batch, plane, plane, channels, count, layers, F16, 0)
    plan = c_void_p()
    if library.denseblock_plan_create(byref(desc), CUDA, byref(Options()), byref(plan)) != 0:
        sys.exit(library.denseblock_last_error().decode())
    text = library.denseblock_plan_describe(plan).decode()
    library.denseblock_plan_destroy(plan)
    return text


def descriptions(path):
    """On the GPU of the environment: the double reads it once."""
    library = ctypes.CDLL(path)
    for name in ("last_error", "plan_describe"):
        getattr(library, f"denseblock_{name}").restype = c_char_p
    library.denseblock_plan_create.argtypes = [
        POINTER(Desc),
        c_int,
        POINTER(Options),
        POINTER(c_void_p),
    ]
    for name in ("describe", "destroy"):
        getattr(library, f"denseblock_plan_{name}").argtypes = [c_void_p]
    return [describe(library, block) for block in BLOCKS]


def cell(text, batch):
    images = re.search(r"(\d+) images? at a time", text)[1]
    patterns = (r"predicted (\S+) us", r"least (\S+) us for the products", r"cache, (\S+) us")
    times = [re.search(pattern, text)[1] for pattern in patterns]
    winograd = ", Winograd" if "Winograd" in text else ""
    rounded = ", ".join(f"{float(t):.0f}" for t in times)
    return f"{'all' if images == str(batch) else images}{winograd}: {rounded}"


def main():
    path = sys.argv[1]
    if os.environ.get("PLANS_OF_ONE_GPU"):
        print(json.dumps(descriptions(path)))
        return
    columns = {}
    for name, (capability, multiprocessors, cache, megahertz) in GPUS.items():
        environment = os.environ | {
            "PLANS_OF_ONE_GPU": "1",
            "CUDA_DOUBLE_CAPABILITY": str(capability),
            "CUDA_DOUBLE_MULTIPROCESSORS": str(multiprocessors),
            "CUDA_DOUBLE_L2": str(cache << 20),
            "CUDA_DOUBLE_MEMORY_MEGAHERTZ": str(megahertz),
        }
        output = subprocess.run(
            [sys.executable, __file__, path], env=environment, check=True, stdout=subprocess.PIPE
        ).stdout
        columns[name] = json.loads(output)
    print("| block, f16 |", " | ".join(columns), "|")
    print("|---" * (1 + len(columns)) + "|")
    for i, (batch, plane, channels, layers, kernel) in enumerate(BLOCKS):
        block = f"{batch}x{plane}x{plane}, {channels} channels, {layers} layers"
        kind = ", 1x1" if kernel == 1 else ""
        cells = [cell(texts[i], batch) for texts in columns.values()]
        print(f"| {block}{kind} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
