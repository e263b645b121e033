"""Every GPU backend of denseblock beside PyTorch, in one process and in turns. validate.sh starts
it.

Writes one object of JSON a line: first what it was measured on, with the ceilings, then every
shape and type. With --resume those that the file has already are left out."""

import argparse
import functools
import gc
import json
import pathlib
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

import torch

import library
import peers
import gpu_shapes as shapes
from library import Unavailable

TYPES = ("bf16", "f16", "tf32", "f32", "tf32x3")
SEED = 20170101
ROUNDS, TURN_SECONDS, MOST_RUNS = 7, 0.02, 200
QUICK_ROUNDS = 3
SAMPLE_IMAGES = 8  # that are compared with f64
# Of the largest value, and of the norm. f16 and bf16 round every layer's output, and f64 does
# not.
TOLERANCES = {"f32": 1e-5, "tf32x3": 1e-5, "tf32": 5e-3, "f16": 5e-3, "bf16": 4e-2}
GEMM_SIZE, COPY_BYTES = 8192, 1 << 30
COMPILE_RESERVE = 45.0  # seconds that a compilation may take


@dataclass
class Case:
    shape: shapes.Shape
    type: str
    x: torch.Tensor  # [N,H,W,C0]
    kernels: list  # of [3,3,C_l,g]


def make_case(shape, element_type, device):
    generator = torch.Generator(device=device).manual_seed(SEED)
    dtype = library.TORCH_TYPES[element_type]

    def normal(*size):
        return torch.randn(size, generator=generator, device=device)

    x = normal(shape.batch, shape.height, shape.width, shape.channels).to(dtype)
    kernels = []
    for layer in range(shape.layers):
        channels = shape.input_channels(layer)
        # He et al. 2015, arXiv 1502.01852: values keep their size from layer to layer.
        deviation = (2 / (shapes.KERNEL_SIZE**2 * channels)) ** 0.5
        kernel = deviation * normal(
            shapes.KERNEL_SIZE, shapes.KERNEL_SIZE, channels, shape.growth
        )
        kernels.append(kernel.to(dtype))
    return Case(shape, element_type, x, kernels)


class Contender:
    def __init__(self, name, run, start, stop, result):
        self.name, self.run, self.start, self.stop = name, run, start, stop
        self.result = result


def block_contenders(name, block):
    plain = Contender(f"denseblock {name}", block.run, block.start, block.stop, block.result)
    if isinstance(block, library.Copies):
        return [plain]
    return [
        plain,
        Contender(f"{plain.name}, graph", block.run_graph, block.start, block.stop, block.result),
    ]


# ---- Accuracy ----


def sample_of(batch):
    half = SAMPLE_IMAGES // 2
    return sorted({*range(min(half, batch)), *range(max(0, batch - half), batch)})


def errors_of(result, sample, expected):
    found = result[sample].double()
    difference = found - expected
    return {
        "max_error": float(difference.abs().max() / expected.abs().max()),
        "l2_error": float(difference.norm() / expected.norm()),
    }


def is_good(errors, element_type):
    limit = TOLERANCES[element_type]
    return errors["max_error"] <= limit and errors["l2_error"] <= limit  # False for NaN


# ---- Times ----


def synchronize():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(contender, runs):
    contender.start()
    for _ in range(runs):
        contender.run()
    return contender.stop() / runs


def measure(contenders, rounds):
    """{name: seconds of one run, a figure for every round}."""
    runs, seconds = {}, {c.name: [] for c in contenders}
    for contender in contenders:
        timed(contender, 2)
        runs[contender.name] = min(
            MOST_RUNS, max(1, round(TURN_SECONDS / max(timed(contender, 1), 1e-6)))
        )
    gc.collect()
    gc.disable()
    order, shuffler = list(contenders), random.Random(rounds)
    for _ in range(rounds):
        shuffler.shuffle(order)  # nobody always follows the same one
        for contender in order:
            synchronize()
            timed(contender, 1)  # what another has put in the caches goes
            seconds[contender.name].append(timed(contender, runs[contender.name]))
    gc.enable()
    return {name: {"rounds": seconds[name], "runs_per_round": runs[name]} for name in seconds}


def spread(values):
    return {"median": median(values), "min": min(values), "max": max(values)}


def ratio(ours, theirs):
    """How many times faster, from the turns of the same round."""
    return spread([b / a for a, b in zip(ours["rounds"], theirs["rounds"])])


def ratios(measured):
    """Each of denseblock's beside the fastest of PyTorch's, and beside the fastest of those that
    have no graph."""
    names = [n for n in measured if n.startswith("PyTorch")]

    def fastest(candidates):
        return min(candidates, key=lambda n: median(measured[n]["rounds"]), default=None)

    found = {}
    for name in (n for n in measured if n.startswith("denseblock")):
        for key, peer in (
            ("of all", fastest(names)),
            ("without graphs", fastest([n for n in names if "graph" not in n])),
        ):
            if peer is not None:
                found.setdefault(name, {})[key] = {
                    "peer": peer,
                    **ratio(measured[name], measured[peer]),
                }
    return found


# ---- Ceilings ----


def copy_bandwidth(device, bytes):
    src = torch.randint(0, 255, (bytes,), dtype=torch.uint8, device=device)
    dst = torch.empty_like(src)
    clock = peers.Clock(device)
    way = Contender("copy", lambda: dst.copy_(src), clock.start, clock.stop, None)
    timed(way, 3)
    return 2 * bytes / min(timed(way, 10) for _ in range(3))


def gemm_rate(device, element_type, size):
    peers.set_arithmetic(element_type)
    dtype = library.TORCH_TYPES[element_type]
    a = torch.randn(size, size, device=device).to(dtype)
    b = torch.randn(size, size, device=device).to(dtype)
    out = torch.empty_like(a)
    clock = peers.Clock(device)
    way = Contender("GEMM", lambda: torch.mm(a, b, out=out), clock.start, clock.stop, None)
    timed(way, 3)
    return 2 * size**3 / min(timed(way, 5) for _ in range(3))


def ceilings(options):
    small = options.device == "cpu"
    size = 128 if small else GEMM_SIZE
    with torch.inference_mode():
        return {
            "copy_bytes_per_second": copy_bandwidth(
                options.device, (1 << 20) if small else COPY_BYTES
            ),
            "gemm_flops_per_second": {t: gemm_rate(options.device, t, size) for t in TYPES},
            "gemm_size": size,
        }


def facts(options, block_library):
    found = {
        "pytorch": torch.__version__,
        "denseblock": block_library.version(),
        "cuda": torch.version.cuda,
        "rehearsal": options.device == "cpu",
    }
    if options.device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
        driver = subprocess.run(query, capture_output=True, text=True, check=False).stdout
        found |= {
            "gpu": properties.name,
            "compute_capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "memory_bytes": properties.total_memory,
            "driver": driver.strip() or None,
            "cudnn": torch.backends.cudnn.version(),
        }
    return found


# ---- One shape and type ----


def block_makers(backend):
    """{name: what makes it}: what the plan chooses, and each way; of backends that leave it to a
    library how a layer is computed, also what copies at every concatenation."""
    makers = {backend: library.Block}
    if backend != "cudnn":
        for algorithm in ("direct", "winograd2", "winograd4"):
            makers[f"{backend} {algorithm}"] = functools.partial(
                library.Block, algorithm=algorithm
            )
    if backend == "cuda":
        for name, algorithm in (("wgmma", "auto"), ("wgmma direct", "direct")):
            makers[f"{backend} {name}"] = functools.partial(
                library.Block, algorithm=algorithm, wgmma=True
            )
    else:
        makers[f"{backend} with copies"] = library.Copies
    return makers


def make_blocks(block_library, case, memory_class):
    blocks, absent = {}, {}
    for backend in library.GPU_BACKENDS:
        try:
            block_library.check_backend(backend)
        except Unavailable as reason:
            absent[f"denseblock {backend}"] = str(reason)
            continue
        for name, maker in block_makers(backend).items():
            try:
                blocks[name] = maker(block_library, backend, case, memory_class)
            except Unavailable as reason:
                absent[f"denseblock {name}"] = str(reason)
    return blocks, absent


def run_case(block_library, shape, element_type, compiled, options):
    case = make_case(shape, element_type, options.device)
    sample = sample_of(shape.batch)
    expected = peers.exact_result(case.x[sample], case.kernels)
    synchronize()  # before another stream reads them
    memory_class = library.OwnMemory if options.device == "cpu" else library.TorchMemory
    blocks, absent = make_blocks(block_library, case, memory_class)
    ways, absent_ways = peers.ways(case, options.device, compiled)
    contenders = [c for b in blocks for c in block_contenders(b, blocks[b])] + ways
    accuracy, wrong = {}, []
    for contender in contenders:
        contender.run()
        accuracy[contender.name] = errors_of(contender.result(), sample, expected)
        if contender.name.startswith("denseblock") and not is_good(
            accuracy[contender.name], element_type
        ):
            wrong.append(contender.name)
    measured = measure(contenders, options.rounds)
    result = {
        "shape": str(shape),
        "type": element_type,
        "flops": shape.flops,
        "least_bytes": shape.least_elements * library.TORCH_TYPES[element_type].itemsize,
        "contenders": {
            name: {
                "seconds": spread(m["rounds"]),
                "flops_per_second": shape.flops / median(m["rounds"]),
                **accuracy[name],
                **m,
            }
            for name, m in measured.items()
        },
        "ratios": ratios(measured),
        "absent": absent | absent_ways,
        "wrong": wrong,
        "plans": {
            b: {
                "plan": block.plan.describe().splitlines(),
                "workspace_bytes": block.plan.bytes("workspace"),
                "weights_bytes": block.plan.bytes("weights"),
            }
            for b, block in blocks.items()
            if isinstance(block, library.Block)
        },
    }
    for block in blocks.values():
        block.close()
    return result


def case_line(result):
    found = result["contenders"]

    def best(beginning):
        names = [n for n in found if n.startswith(beginning)]
        return min(names, key=lambda n: found[n]["seconds"]["median"], default=None)

    ours, theirs = best("denseblock"), best("PyTorch")
    line = f"{result['shape']:28} {result['type']:5}"
    for name in (ours, theirs):
        if name is not None:
            time_ms = 1e3 * found[name]["seconds"]["median"]
            line += f" {name} {time_ms:.4g} ms;"
    if ours is not None and theirs is not None:
        line += f" {result['ratios'][ours]['of all']['median']:.2f} times as fast"
    if result["wrong"]:
        line += f"  WRONG: {', '.join(result['wrong'])}"
    return line


# ---- All ----


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--library", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--notes", type=pathlib.Path, help="what validate.sh reports")
    parser.add_argument("--seconds", type=float, default=400)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args()
    options.device = "cpu" if options.rehearse else "cuda"
    options.rounds = QUICK_ROUNDS if options.quick or options.rehearse else ROUNDS
    return options


def wanted(options):
    if options.rehearse:
        return [(shape, t) for shape in shapes.TINY for t in TYPES]
    if options.quick:
        return [(shape, t) for shape in shapes.QUICK for t in ("bf16", "f32")]
    # One type after the other for the first shapes, then for the rest.
    first = [(shape, t) for t in TYPES for shape in shapes.SHAPES[:4]]
    return first + [(shape, t) for shape in shapes.SHAPES[4:] for t in TYPES]


def read_done(path):
    if not path.exists():
        return set()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {(r["shape"], r["type"]) for r in lines if "shape" in r and not r["wrong"]}


def missing_backends(block_library):
    reasons = []
    for backend in library.GPU_BACKENDS:
        try:
            block_library.check_backend(backend)
        except Unavailable as reason:
            reasons.append(str(reason))
    return reasons


def main():
    options = parse_arguments()
    began = time.monotonic()
    if options.device == "cuda" and not torch.cuda.is_available():
        print("SKIP: PyTorch finds no GPU")
        return 77
    done = read_done(options.out) if options.resume else set()
    block_library = library.Library(options.library)
    reasons = missing_backends(block_library)
    if len(reasons) == len(library.GPU_BACKENDS):
        print(f"FAILED: no GPU backend of denseblock can run: {'; '.join(reasons)}")
        return 1
    with options.out.open("a" if options.resume else "w") as out:

        def write(record):
            print(json.dumps(record), file=out, flush=True)

        write({"facts": facts(options, block_library), "ceilings": ceilings(options)})
        longest, compile_reserve, left_out, wrong = 0.0, COMPILE_RESERVE, [], 0
        for shape, element_type in wanted(options):
            if (str(shape), element_type) in done:
                continue
            left = options.seconds - (time.monotonic() - began)
            if left < 1.5 * longest + 5:
                left_out.append(f"{shape} {element_type}")
                continue
            compiled = left > compile_reserve + 2 * longest
            case_began = time.monotonic()
            try:
                result = run_case(block_library, shape, element_type, compiled, options)
            except torch.cuda.OutOfMemoryError as error:
                left_out.append(f"{shape} {element_type}: {str(error).splitlines()[0]}")
                continue
            finally:
                gc.collect()
                if options.device == "cuda":
                    torch.cuda.empty_cache()
            taken = time.monotonic() - case_began
            result["seconds_taken"] = taken
            # A case that was compiled says nothing about those that are not.
            longest = longest if compiled else max(0.7 * longest, taken)
            compile_reserve = max(10.0, 1.5 * taken) if compiled else compile_reserve
            wrong += len(result["wrong"])
            write(result)
            print(case_line(result), flush=True)
        write({"left_out": left_out})
    for name in left_out:
        print(f"left out: {name}")
    if options.notes:
        with options.notes.open("a") as notes:
            notes.writelines(f"left-out\t{name}\n" for name in left_out)
    if left_out:
        print(f"{len(left_out)} left out, for lack of time or memory: --resume goes on with them")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
