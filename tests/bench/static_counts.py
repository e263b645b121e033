"""Counts what nvcc makes of the kernels, and bounds their speed by it. static.sh runs it.

Nothing here is a measurement: it is what the compiled code would need if every pipe were busy all the
time and no instruction waited for another. A kernel cannot be faster; how much slower it is, only a
GPU says.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gpu_rates
import loop_counts
import sass

ROOT = Path(__file__).resolve().parents[2]
INCLUDES = ["-I", "include", "-I", "cuda", "-I", "host"]
FORMS = ("f16", "bf16", "tf32", "tf32x3")
WINDOWS = ("1x1", "3x3", "row", "product")
WIDTHS = (56, 28, 14, 7)
PIECE = 16
GROWTH = 32  # columns of a layer that are stored at the end
MULTIPLYING, COPYING = 8, 4  # warps of a kernel with wgmma
LEAST_SHARE = 0.8
CHECKED = (  # the kernels that matter most
    ("tensor_f16.cu", 90, "dblk_tensor_kernel<f16,3x3,128>"),
    ("tensor_wgmma_f16.cu", "90a", "dblk_tensor_wgmma_kernel<f16,3x3,128>"),
)


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"static_counts.py: {' '.join(command)}\n{done.stderr}")
    return done.stdout + done.stderr


def readable(mangled):
    """Kernels by their names and template arguments, as the tables in cuda/ have them."""
    names = run("c++filt", *mangled).splitlines()
    found = {}
    for name, whole in zip(mangled, names):
        for kind, values in (("tensor_form", FORMS), ("(?:tensor|direct)_window", WINDOWS)):
            for i, value in enumerate(values):
                whole = re.sub(rf"\(dblk_{kind}\){i}", value, whole)
        whole = re.sub(r"\(.*", "", re.sub(r"^void ", "", whole))
        found[name] = (
            whole.replace(", ", ",").replace("__nv_bfloat16", "bf16").replace("__half", "half")
        )
    return found


class Resources:
    """Registers, stack and spills of each kernel, out of what ptxas says."""

    def __init__(self, log):
        self.of = {}
        name = None
        for line in log.splitlines():
            entry = re.search(r"Compiling entry function '([^']*)'", line)
            if entry:
                name = entry[1]
            stack = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+)", line)
            if stack and name:
                self.of.setdefault(name, {}).update(
                    stack=int(stack[1]), spills=int(stack[2]) + int(stack[3])
                )
            used = re.search(r"Used (\d+) registers", line)
            if used and name:
                self.of.setdefault(name, {})["registers"] = int(used[1])


def compile_file(tools, file, architecture, folder):
    """The kernels of a file, [(readable name, sass.Kernel, resources)]."""
    cubin = f"{folder}/{Path(file).stem}.{architecture}.cubin"
    log = run(tools.nvcc, "-std=c++17", *INCLUDES, f"-arch=sm_{architecture}", "-cubin",
              "-Xptxas", "-v", "-o", cubin, str(file))  # fmt: skip
    kernels = sass.parse(run(tools.nvdisasm, "-c", cubin))
    resources = Resources(log).of
    names = readable(sorted(kernels))
    return [(names[n], kernels[n], resources[n]) for n in sorted(kernels)]


def tensor_sizes(folder):
    """How the tensor-core kernels are launched: tensor_sizes.c prints it."""
    program = f"{folder}/tensor_sizes"
    run("cc", "-std=c11", *INCLUDES, "-o", program, "tests/bench/tensor_sizes.c",
        "cuda/tensor_layout.c", "cuda/direct_layout.c", "host/status/status.c")  # fmt: skip
    found = {}
    for line in run(program).splitlines():
        key, value = (tuple(int(n) for n in part.split()) for part in line.split(":"))
        names = ("shared", "stages", "positions", "pitch", "taps", "steps", "tap_bytes")
        found[key] = dict(zip(names, value))
    return found


def rounded(value):
    return round(value, 4)


def instruction_table(counts):
    kinds = loop_counts.by_kind(counts)
    table = {kind: round(kinds[kind], 1) for kind in loop_counts.KINDS if kinds[kind]}
    table["all"] = round(loop_counts.total(counts), 1)
    return table


def opcode_table(counts):
    """By the first part of the name: the ten that there are most of."""
    found = {}
    for (_, name), n in counts.items():
        base = name.split(".")[0]
        found[base] = found.get(base, 0) + n
    most = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:10]
    return {name: round(n, 1) for name, n in most}


def bound(architecture, counts, warps, copied_bytes):
    busy, wanted = loop_counts.cycles(architecture, counts, warps, copied_bytes)
    most = max(busy.values())
    limit = max(sorted(busy), key=lambda part: busy[part])
    return {
        "cycles": {part: round(n, 1) for part, n in sorted(busy.items())},
        "limit": limit,
        "share": rounded(wanted / most),
        "copied_bytes_a_cycle": round(copied_bytes / most, 1),
    }


def tensor_width(kernel, architecture, registers, sizes, columns):
    """Counts and bounds of a tensor-core kernel for planes of one width."""
    threads = 128 if columns == 32 else 256
    warps = threads // gpu_rates.WARP
    pieces = sizes["positions"] * sizes["steps"] * 32 // PIECE
    weights = sizes["taps"] * sizes["tap_bytes"]
    element = 2 if kernel.name.split("form")[1][0] in "01" else 4
    known = {
        "taps": sizes["taps"],
        "steps": sizes["steps"],
        "stages": sizes["stages"],
        "feature_copies": -(-pieces // gpu_rates.WARP) / warps,
        "weight_copies": weights / PIECE / threads,
        "stores": 256 * GROWTH * element // PIECE // threads,
    }
    counter = loop_counts.TensorCounter(kernel, known)
    main, prologue, epilogue = counter.count()
    copied = pieces * PIECE + weights
    copies = loop_counts.by_kind(main)["ldgsts"]
    expected = known["feature_copies"] + known["weight_copies"]
    if not (prologue and epilogue and abs(copies - expected) < 0.01):
        taken_wrongly(kernel, architecture, f"{copies} copies a thread", expected)
    found = bound(architecture, main, warps, copied)
    describe_loop(found, main)
    # If nothing is multiplied while a window's copies are begun: the time for that comes on top.
    copying = loop_counts.total(main) - counter.multiplying()
    most = max(found["cycles"].values())
    alone = copying * warps / gpu_rates.SCHEDULERS
    found["copying"] = round(copying, 1)
    found["share_copying_apart"] = rounded(found["share"] * most / (most + alone))
    found["prologue"] = round(loop_counts.total(prologue))
    found["epilogue"] = round(loop_counts.total(epilogue))
    describe_block(found, architecture, threads, registers, sizes, copied)
    return found


def wgmma_width(kernel, architecture, registers, sizes, form):
    """As tensor_width; for the two loops together, each of its own warps."""
    threads = (MULTIPLYING + COPYING) * gpu_rates.WARP
    pieces = sizes["positions"] * sizes["steps"] * 32 // PIECE
    weights = sizes["taps"] * sizes["tap_bytes"]
    known = {
        "taps": sizes["taps"],
        "steps": sizes["steps"],
        "stages": sizes["stages"],
        "feature_copies": -(-pieces // gpu_rates.WARP) / COPYING,
        "stores": 256 * GROWTH * (2 if form in ("f16", "bf16") else 4)
        // PIECE // (MULTIPLYING * gpu_rates.WARP),
    }
    counter = loop_counts.WgmmaCounter(kernel, known)
    main, prologue, epilogue = counter.count()
    copying = counter.count_copying(COPYING)
    loads = 2 * sizes["taps"] * sizes["steps"]  # two rows of matrices a warp
    expected = {"matrix": loads * (3 if form == "tf32x3" else 1), "ldsm": loads,
                "ldgsts": known["feature_copies"], "bulk": 1 / COPYING}  # fmt: skip
    kinds = loop_counts.by_kind(main) + loop_counts.by_kind(copying)
    for kind, n in expected.items():
        if not (prologue and epilogue and abs(kinds[kind] - n) < 0.01):
            taken_wrongly(kernel, architecture, f"{kinds[kind]} {kind} a window", n)
    copied = pieces * PIECE + weights
    block = loop_counts.scaled(main, MULTIPLYING) + loop_counts.scaled(copying, COPYING)
    found = bound(architecture, block, 1, copied)
    describe_loop(found, main)
    found["copying_instructions"] = instruction_table(copying)
    found["prologue"] = round(loop_counts.total(prologue))
    found["epilogue"] = round(loop_counts.total(epilogue))
    describe_block(found, architecture, threads, registers, sizes, copied)
    return found


def taken_wrongly(kernel, architecture, found, expected):
    sys.exit(f"static_counts.py: {kernel.name} on sm_{architecture} is not what it was taken for: "
             f"{found} in place of {expected}")  # fmt: skip


def describe_loop(found, counts):
    kinds = loop_counts.by_kind(counts)
    found["instructions"] = instruction_table(counts)
    found["opcodes"] = opcode_table(counts)
    found["loads_per_matrix"] = rounded((kinds["ldsm"] + kinds["lds"]) / kinds["matrix"])


def describe_block(found, architecture, threads, registers, sizes, copied):
    found["window_bytes"] = copied
    found["shared"] = sizes["shared"]
    found["stages"] = sizes["stages"]
    found["blocks"] = loop_counts.occupancy(architecture, threads, registers, sizes["shared"])


def tensor_entry(name, kernel, architecture, resources, all_sizes):
    form, window, columns = re.search(r"<(\w+),(\w+),(\d+)>", name).groups()
    limit = gpu_rates.ARCHITECTURES[architecture]["block_shared"]
    wgmma = name.startswith("dblk_tensor_wgmma_kernel")
    count, last = (wgmma_width, form) if wgmma else (tensor_width, int(columns))
    widths = {}
    for width in WIDTHS if window == "3x3" else WIDTHS[:1]:  # of others, every width is the same
        key = (FORMS.index(form), int(wgmma), WINDOWS.index(window), int(columns), width, limit)
        if key in all_sizes:
            widths[str(width) if window == "3x3" else "any"] = count(
                kernel, architecture, resources["registers"], all_sizes[key], last
            )
    return {**resources, "widths": widths}


def simt_entry(kernel, architecture, resources):
    """The innermost loop over products, where there is one."""
    kinds = ("dfma",) if "IdL" in kernel.name else ("ffma", "dfma")
    main = loop_counts.main_loop(kernel, kinds)
    entry = {**resources, "code": len(kernel.instructions())}
    if main is None or "direct_kernel" not in kernel.name:
        return entry
    inner = loop_counts.innermost(kernel, main, kinds)
    counts = loop_counts.count(inner.instructions(kernel))
    entry["loop"] = {
        **bound(architecture, counts, 4, 0),
        "instructions": instruction_table(counts),
        "opcodes": opcode_table(counts),
    }
    return entry


def count_file(tools, file, architecture, folder, sizes):
    found = {}
    for name, kernel, resources in compile_file(tools, file, architecture, folder):
        if name.startswith(("dblk_tensor_kernel", "dblk_tensor_wgmma_kernel")):
            found[name] = tensor_entry(name, kernel, architecture, resources, sizes)
        else:
            found[name] = simt_entry(kernel, architecture, resources)
    return found


def count_all(tools):
    files = sorted((ROOT / "cuda").glob("*.cu"))
    result = {f"sm_{a}": {} for a in gpu_rates.ARCHITECTURES}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        sizes = tensor_sizes(folder)
        jobs = [
            (a, pool.submit(count_file, tools, file.relative_to(ROOT), a, folder, sizes))
            for a in gpu_rates.ARCHITECTURES
            for file in files
            if (a == "90a") == ("_wgmma_" in file.name)
        ]
        for architecture, job in jobs:
            result[f"sm_{architecture}"].update(job.result())
    return result


def release(tools):
    return re.search(r"release ([0-9.]+)", run(tools.nvcc, "--version"))[1]


def print_table(result):
    print("kernel, plane: matrix instructions, loads from shared memory and all instructions of a turn;"
          "\nwhat limits it, upper bound of the share of the documented rate, and what is left of it where"
          "\nnothing is multiplied while copies are begun. Of wgmma's kernels: instructions of a warp"
          "\nthat multiplies, and of one that copies")  # fmt: skip
    for architecture, kernels in result.items():
        print(f"\n{architecture}")
        for name, entry in sorted(kernels.items(), key=lambda item: natural(item[0])):
            head = f"  {name:44} {entry['registers']:3} registers"
            if entry["spills"] or entry["stack"]:
                head += f", SPILLS {entry['spills']} (stack {entry['stack']})"
            loops = entry.get("widths") or ({"loop": entry["loop"]} if "loop" in entry else {})
            if not loops:
                print(head)
            for width, e in loops.items():
                i = e["instructions"]
                work = i.get("matrix", 0) or i.get("ffma", 0) or i.get("dfma", 0)
                loads = i.get("ldsm", 0) + i.get("lds", 0)
                blocks = f", {e['blocks']} blocks" if "blocks" in e else ""
                copying = e.get("copying_instructions", {}).get("all")
                both = f" and {copying:.0f}" if copying else ""
                apart = f" to {e['share_copying_apart']:.0%}" if "copying" in e else ""
                print(f"{head}, {width:>4}{blocks}: {work:g} {loads:g} {i['all']:g}{both}; "
                      f"{e['limit']} {e['share']:.0%}{apart}")  # fmt: skip


def json_text(value, key="", depth=0):
    """Sorted; a line for each kernel, or for each width of its planes."""
    if isinstance(value, dict) and (depth < 3 or "widths" in value or key == "widths"):
        inside = [
            f"{json.dumps(k)}: {json_text(value[k], k, depth + 1)}"
            for k in sorted(value, key=natural)
        ]
        opening, closing = "{", "}"
    elif isinstance(value, list):
        inside = [json_text(v, "", depth + 1) for v in value]
        opening, closing = "[", "]"
    else:
        return json.dumps(value, sort_keys=True)
    space = "\n" + " " * (depth + 1)
    return opening + space + f",{space}".join(inside) + "\n" + " " * depth + closing


def natural(key):
    """7 before 14, sm_80 before sm_100."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", key)]


def l2_results(program):
    """What the program prints of the traffic between cache and memory: tests/cuda/test_cuda_l2.c."""
    text = run(program)
    return [json.loads(part) for part in re.findall(r"^\{.*?\]\}$", text, re.M | re.S)]


def recorded():
    return json.loads((ROOT / "tests/bench/results/static.json").read_text())


def check(tools):
    """The kernels that matter most, against what is recorded: 0, or 1 with what is wrong."""
    before, wrong = recorded()["kernels"], False
    with tempfile.TemporaryDirectory() as folder:
        sizes = tensor_sizes(folder)
        for file, architecture, name in CHECKED:
            found = count_file(tools, Path("cuda") / file, architecture, folder, sizes)[name]
            place = f"sm_{architecture}"
            wrong |= check_kernel(f"{name} on {place}", found, before[place][name])
    return wrong


def check_kernel(name, found, before):
    wrong = []
    if found["spills"] or found["stack"]:
        wrong.append(f"{found['spills']} bytes spilled, {found['stack']} bytes of stack")
    for width, e in found["widths"].items():
        if e["share"] < LEAST_SHARE:
            wrong.append(
                f"width {width}: {e['limit']} allows {e['share']:.0%} of the matrix rate"
            )
        most = before["widths"][width]["loads_per_matrix"]
        if e["loads_per_matrix"] > most:
            wrong.append(f"width {width}: {e['loads_per_matrix']} loads from shared memory for a "
                         f"matrix instruction, {most} are recorded")  # fmt: skip
        print(f"{name}, width {width}: {e['instructions']}, {e['limit']} {e['share']:.0%}")
    for line in wrong:
        print(f"{name}: {line}", file=sys.stderr)
    return bool(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nvcc", required=True)
    parser.add_argument("--nvdisasm", required=True)
    parser.add_argument(
        "--check", action="store_true", help="only two kernels, against the record"
    )
    parser.add_argument("--l2", help="the program cuda_l2 of a build")
    parser.add_argument("--write", help="the results as JSON")
    tools = parser.parse_args()
    if tools.check:
        sys.exit(check(tools))
    result = count_all(tools)
    print_table(result)
    if tools.write:
        record = {
            "what": "instructions counted in compiled code, bounds from them, and traffic by a model of "
            "the L2 cache; no measurements",
            "nvcc": release(tools),
            "kernels": result,
        }
        if tools.l2:
            record["l2"] = l2_results(tools.l2)
        elif "l2" in recorded():
            record["l2"] = recorded()["l2"]
        Path(tools.write).write_text(json_text(record) + "\n")
    spilled = [n for kernels in result.values() for n, e in kernels.items() if e["spills"]]
    sys.exit(bool(spilled))


if __name__ == "__main__":
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    main()
