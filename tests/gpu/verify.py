"""Every backend beside the reference, through block_probe: random blocks, then the table's
shapes. validate.sh starts it. The reference is slow, so several run at once; what the time does
not suffice for is left out, and said."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import gpu_shapes as shapes

BACKENDS = ("cuda", "cublas", "cudnn", "cpu")
# Beside what a plan chooses.
ALGORITHMS = [["--algorithm", a] for a in ("direct", "winograd2", "winograd4")]
WAYS = {"cublas": ALGORITHMS, "cuda": [*ALGORITHMS, ["--wgmma"], ["--wgmma", *ALGORITHMS[0]]]}
TYPES = ("f32", "f16", "bf16", "f64", "tf32", "tf32x3")
SKIPPED, DIFFERENT = 77, 1
RANDOM_BLOCKS, RANDOM_AT_ONCE = 400, 50
REPEATS = "30"
MOST_SHOWN = 10  # failures
LONGEST = 150  # seconds of a task: on the GPU something waits for ever


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--probe", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--notes", type=pathlib.Path, help="what validate.sh reports")
    parser.add_argument("--seconds", type=float, default=400)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rehearse", action="store_true")
    return parser.parse_args()


def available(options):
    """The backends that can run, and why the others cannot."""
    found, absent = [], {}
    tiny = ["--shape", "1,2,3,4", "--layers", "1", "--growth", "4"]
    for backend in BACKENDS:
        command = [options.probe, *tiny, "--backend", backend]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == SKIPPED:
            absent[backend] = done.stdout.strip().removeprefix("SKIP: ")
        else:
            found.append(backend)
    return found, absent


def ways(backends):
    """The arguments for each backend, and for each of its ways."""
    for backend in backends:
        yield ["--backend", backend]
        for way in WAYS.get(backend, ()):
            yield ["--backend", backend, *way]


def random_tasks(backends, options):
    blocks, at_once = RANDOM_BLOCKS, RANDOM_AT_ONCE
    if options.rehearse:
        blocks, at_once = 16, 8
    elif options.quick:
        blocks = 100
    tasks = []
    for way in ways(backends):
        for first in range(1, blocks, at_once):
            common = ["--random", str(at_once), *way, "--seed", str(first)]
            for group in ("0", "1", "3"):
                tasks.append([*common, "--type", "all", "--group", group])
            tasks.append([*common, "--type", "all", "--residual"])
        for block in ([], ["--residual"]):
            tasks += [
                ["--random", str(at_once), *way, *block, "--type", t] for t in ("tf32", "tf32x3")
            ]
    return tasks


def table_tasks(backends, options):
    wanted = shapes.SHAPES
    if options.rehearse:
        wanted = shapes.TINY
    elif options.quick:
        wanted = shapes.QUICK
    tasks = []
    for shape in sorted(wanted, key=lambda s: s.batch != 1):  # stable: these first
        for way in ways(backends):
            for element_type in TYPES:
                # On the CPU the times of f64 and tf32 say nothing, and take long.
                if "cpu" in way and element_type != "f32":
                    continue
                images = "1" if shape.height > 100 else "2"
                task = [*shape.arguments, *way, "--type", element_type]
                tasks.append([*task, "--images", images])
    return tasks


def timed_tasks(backends, options):
    """The host's part in the time of small batches: to be run alone."""
    wanted = shapes.TINY[:1] if options.rehearse else [s for s in shapes.SHAPES if s.batch == 1]
    return [
        [*s.arguments, *way, "--type", t, "--images", "1", "--repeat", REPEATS]
        for s in wanted
        for way in ways([b for b in backends if b != "cpu"])
        for t in ("f32", "bf16")
    ]


class Runner:
    def __init__(self, options):
        self.options = options
        self.deadline = time.monotonic() + options.seconds
        self.lock = threading.Lock()
        self.records, self.failures, self.left_out = [], [], []
        self.environment = os.environ | {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"}

    def run(self, task):
        left = self.deadline - time.monotonic()
        text = " ".join(task)
        if left < 5:
            with self.lock:
                self.left_out.append(text)
            return
        try:
            done = subprocess.run(
                [self.options.probe, *task],
                capture_output=True,
                text=True,
                timeout=min(left, LONGEST),
                check=False,
                env=self.environment,
            )
        except subprocess.TimeoutExpired:
            with self.lock:
                if left < LONGEST:
                    self.left_out.append(text)
                else:
                    self.failures.append(f"{text}: has not ended after {LONGEST} s")
            return
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        with self.lock:
            self.records += lines
            if done.returncode == DIFFERENT:
                for line in lines:
                    if not line.get("passed", True):
                        self.failures.append(f"{text}: seed {line['seed']} differs")
            elif done.returncode != 0:
                message = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
                self.failures.append(f"{text}: ended with {done.returncode}: {message}")


def worker_count():
    """Each with two threads, and room for the largest block three times."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(8, (os.cpu_count() or 2) // 2, memory >> 32))


def way_name(record):
    name = record["backend"]
    if record["residual"]:
        name += " residual"
    if record["wgmma"]:
        name += " wgmma"
    return name if record["algorithm"] == "auto" else f"{name} {record['algorithm']}"


def print_summary(records):
    """The worst of every backend, algorithm and type."""
    groups = {}
    for record in records:
        element_type = record["type"]
        groups.setdefault((way_name(record), element_type), []).append(record)
    for (way, element_type), group in sorted(groups.items()):
        compared = [r for r in group if "plain" in r]
        line = f"{way:27} {element_type:5} {len(compared):5} blocks"
        if compared:
            worst = max(max(r["plain"]["max_error"], r["plain"]["l2_error"]) for r in compared)
            failed = sum(not r["passed"] for r in compared)
            line += f", worst error {worst:.2e} (tolerance {compared[0]['tolerance']:g})"
            line += f", {failed} FAILED" if failed else ", all equal"
        unsupported = len(group) - len(compared)
        if unsupported:
            line += f"; {unsupported} not supported"
        print(line)


def main():
    options = parse_arguments()
    backends, absent = available(options)
    for reason in absent.values():
        print(f"SKIP: {reason}")
    runner = Runner(options)
    for task in timed_tasks(backends, options):
        runner.run(task)
    tasks = random_tasks(backends, options) + table_tasks(backends, options)
    with ThreadPoolExecutor(1 if options.rehearse else worker_count()) as pool:
        list(pool.map(runner.run, tasks))
    print_summary(runner.records)
    for text in runner.left_out:
        print(f"left out, for lack of time: {text}")
    failures = runner.failures[:MOST_SHOWN]
    if len(runner.failures) > MOST_SHOWN:
        failures.append(f"and {len(runner.failures) - MOST_SHOWN} more, see {options.out}")
    for text in failures:
        print(f"FAILED: {text}")
    if options.notes:
        with options.notes.open("a") as notes:
            for kind, texts in (
                ("skipped", absent.values()),
                ("left-out", runner.left_out),
                ("failed", failures),
            ):
                notes.writelines(f"{kind}\t{text}\n" for text in texts)
    options.out.write_text(
        json.dumps(
            {
                "absent": absent,
                "failures": runner.failures,
                "left_out": runner.left_out,
                "blocks": runner.records,
            }
        )
        + "\n"
    )
    compared = any("plain" in r and r["backend"] != "cpu" for r in runner.records)
    if not compared:
        print("FAILED: no GPU backend was compared")
    return 1 if runner.failures or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
