"""What concatenation takes in PyTorch, beside `denseblock memory`: the same blocks, on the CPU.

PyTorch's profiler reports every allocation of its own; tensors are counted from x on, weights are
made before. Like denseblock's, its figure is the most bytes held at once."""

import argparse
import json
import os
import subprocess

os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # else its profiler tells when it starts
import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

from shapes import KERNEL_SIZE

PADDING = (KERNEL_SIZE - 1) // 2
ELEMENT = 4  # f32


def forward(given, weights, keep):
    """`given` holds x alone, and gives it up: else its owner would keep it."""
    x = given.pop()
    kept = []
    for weight in weights:
        if keep:
            kept.append(x)
        x = torch.cat([x, F.conv2d(F.relu(x), weight, padding=PADDING)], 1)
    return x


def held_at_most(profiler):
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        held += event.nbytes()
        peak = max(peak, held)
    return peak


def torch_peak(shape, growths, keep):
    batch, height, width, channels = shape
    source = torch.randn(batch, channels, height, width).to(memory_format=torch.channels_last)
    weights = []
    for growth in growths:
        weight = torch.randn(growth, channels, KERNEL_SIZE, KERNEL_SIZE) * 0.01
        weights.append(weight.to(memory_format=torch.channels_last))
        channels += growth
    with torch.inference_mode():
        forward([source[:1].clone()], weights, keep)  # the first run makes what is kept for all
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
            forward([source.clone()], weights, keep)
    return held_at_most(profiler)


def denseblock_blocks(tool, preset, batch):
    command = [tool, "memory", "--preset", preset, "--batch", str(batch), "--backend", "cpu"]
    command += ["--algorithm", "direct", "--group", "1", "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["blocks"]


def features(block, strategy):
    """The peak without weights and workspace, as the account of buffers has it."""
    found = next(s for s in block["strategies"] if s["strategy"] == strategy)
    return found["measured"]["peak_bytes"] - found["weights_bytes"] - found["workspace_bytes"]


def compare(block):
    shape = block["input_shape"]
    growths = [layer["growth"] for layer in block["layers"]]
    # PyTorch has the last layer's output beside both tensors until it has been copied.
    output = shape[0] * shape[1] * shape[2] * growths[-1] * ELEMENT
    name = f"{'x'.join(map(str, shape))}, {len(growths)} layers of {growths[0]}"
    for strategy in ("copy", "copy-keep", "inplace"):
        ours = features(block, strategy)
        if strategy == "inplace":
            print(f"| {name} | inplace | {ours / 2**20:.1f} | | | |", flush=True)
            continue
        theirs = torch_peak(shape, growths, strategy == "copy-keep")
        print(
            f"| {name} | {strategy} | {ours / 2**20:.1f} | {theirs / 2**20:.1f}"
            f" | {theirs / ours:.3f} | {theirs / (ours + output):.3f} |",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True, help="the program denseblock")
    parser.add_argument("--preset", action="append", help="as denseblock memory has them")
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()
    print(f"PyTorch {torch.__version__}, batch {arguments.batch}, features in MiB\n")
    print("| block | way | denseblock | PyTorch | ratio | with the last output |")
    print("|---|---|--:|--:|--:|--:|")
    for preset in arguments.preset or ["densenet121", "bc-100-12", "40-12"]:
        for block in denseblock_blocks(arguments.tool, preset, arguments.batch):
            compare(block)


if __name__ == "__main__":
    main()
