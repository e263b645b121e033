"""denseblock's cpu backend beside its peers, in one process. run.sh builds what this needs and
starts it."""

import argparse
import datetime
import json
import os
import pathlib
import sys
import time

import denseblock
import machine
import measure
import peers_numpy
import peers_onednn
import plot
import report
import summary
from accuracy import errors, expected_result, is_good
from contender import Unavailable
from shapes import SHAPES, make_case

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS, QUICK_ROUNDS = 9, 3
PLAIN_SECONDS, PLAIN_QUICK_SECONDS = 10.0, 0.5
# Of the threads that a contender was given: with more it did not keep to them, with less it left
# them idle, or had to share them.
MOST_BUSY, LEAST_BUSY = 1.25, 0.6
# Cores that other programs may use without a warning.
MOST_OTHERS = 0.1


def parse_arguments():
    def numbers(text):
        return [int(part) for part in text.split(",")]

    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", add_help=False)
    # What these are for is said in run.sh.
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--shapes", type=numbers, default=list(range(len(SHAPES))), metavar="I,J")
    parser.add_argument("--threads", type=numbers, default=[1, 2], metavar="N,M")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="NAME,..")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--backend", choices=denseblock.BACKENDS, default="cpu")
    # Filled in by run.sh.
    parser.add_argument("--library", required=True)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--onednn", nargs="+", required=True)
    options = parser.parse_args()
    if not all(0 <= i < len(SHAPES) for i in options.shapes):
        parser.error(f"--shapes: from 0 to {len(SHAPES) - 1}")
    return options


def is_wanted(name, only):
    return only is None or any(name.startswith(beginning) for beginning in only)


def collect(options):
    """The contenders, and the versions of their programs."""
    library = denseblock.Library(options.library, options.backend)
    entries, versions = [], {"denseblock": library.version()}
    if is_wanted("denseblock", options.only):
        library.check_backend()
        entries += denseblock.entries(library)
    # Each is imported only if it takes part.
    if options.only is None or any(o.startswith("pytorch") for o in options.only):
        import peers_torch

        entries += peers_torch.ENTRIES
        versions["PyTorch"] = peers_torch.version()
    if is_wanted("onnxruntime", options.only):
        import peers_onnxruntime

        entries += peers_onnxruntime.ENTRIES
        versions["ONNX Runtime"] = peers_onnxruntime.version()
    if options.only is None or any(o.startswith("onednn") for o in options.only):
        libraries = [peers_onednn.Library(path) for path in options.onednn]
        for onednn in libraries:
            entries += peers_onednn.entries(onednn)
        versions["oneDNN"] = " and ".join(onednn.version for onednn in libraries)
    entries += peers_numpy.ENTRIES
    versions["NumPy"] = peers_numpy.version()
    return [e for e in entries if is_wanted(e.name, options.only)], versions


def make_all(entries, case, threads):
    contenders, unavailable = [], {}
    for entry in entries:
        try:
            contenders.append(entry.make(case, threads))
        except Unavailable as reason:
            unavailable[entry.name] = str(reason)
    return contenders, unavailable


def check_results(contenders, expected):
    found = {}
    for contender in contenders:
        contender.run()
        found[contender.name] = errors(contender.result(), expected)
        if not is_good(found[contender.name]):
            sys.exit(f"bench: {contender.name} is wrong: {found[contender.name]}")
    return found


def check_threads(measured, threads):
    for name, m in measured.items():
        if m["threads_busy"] > threads * MOST_BUSY:
            sys.exit(f"bench: {name} kept {m['threads_busy']:.2f} threads busy, not {threads}")
    idle = [n for n, m in measured.items() if m["threads_busy"] < threads * LEAST_BUSY]
    if idle:
        print(f"note: less than {LEAST_BUSY:.0%} of {threads} thread(s) busy: {', '.join(idle)}")


def measure_alone(contenders, rounds):
    """The measured times, and how many cores other programs used meanwhile."""
    wall, all_busy, own = time.perf_counter(), machine.busy_seconds(), time.process_time()
    measured = measure.measure(contenders, rounds)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    others = max(0.0, (machine.busy_seconds() - all_busy - own) / wall)
    if others > MOST_OTHERS:
        print(f"WARNING: other programs used {others:.1f} cores; these times mean little")
    return measured, others


def run_one(entries, case, expected, threads, rounds):
    contenders, unavailable = make_all(entries, case, threads)
    families = {e.name: e.family for e in entries}
    accuracy = check_results(contenders, expected)
    measured, others = measure_alone(contenders, rounds)
    for contender in contenders:
        name = contender.name
        measured[name] |= {"family": families[name], "note": contender.note, **accuracy[name]}
    check_threads(measured, threads)
    summary.add_rates(measured, case.shape.flops)
    return {
        "contenders": measured,
        "unavailable": unavailable,
        "ratios": summary.ratios(measured),
        "cores_used_by_others": others,
    }


def run_shape(entries, shape, options, peaks):
    case = make_case(shape)
    expected = expected_result(case)
    result = {"name": str(shape), "flops": shape.flops, "threads": {}}
    for threads in options.threads:
        peaks[str(threads)].append(machine.fma_peak(options.tool, threads))
        rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
        result["threads"][str(threads)] = run_one(entries, case, expected, threads, rounds)
        print(report.shape_text(result, str(threads), max(peaks[str(threads)])), flush=True)
    if is_wanted("plain", options.only):
        seconds = PLAIN_QUICK_SECONDS if options.quick else PLAIN_SECONDS
        result["plain"] = peers_numpy.time_plain(case, expected, seconds)
        print(report.plain_text(result["plain"], shape.flops), flush=True)
    result["scaling"] = summary.scaling(result)
    return result


def write(results):
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "cpu.json").write_text(json.dumps(results, indent=1) + "\n")
    most = max(results["fma_peak_gflops"], key=int)
    (folder / "cpu.svg").write_text(plot.svg(results, most))
    readme = HERE.parent.parent / "README.md"
    if not report.update_readme(readme, report.markdown(results)):
        print("README.md has no place for the table; it stays as it is.")


def is_full(options):
    return (
        not options.quick
        and options.only is None
        and options.backend == "cpu"
        and len(options.shapes) == len(SHAPES)
    )


def main():
    options = parse_arguments()
    try:
        entries, versions = collect(options)
    except Unavailable as reason:
        sys.exit(f"bench: denseblock's {options.backend} backend cannot run: {reason}")
    peaks = {str(n): [] for n in options.threads}
    shapes = [run_shape(entries, SHAPES[i], options, peaks) for i in options.shapes]
    results = {
        "date": datetime.date.today().isoformat(),
        "machine": machine.facts(),
        "versions": versions,
        "denseblock_backend": options.backend,
        "environment": {k: os.environ[k] for k in ("GLIBC_TUNABLES",) if k in os.environ},
        "fma_peak_gflops": {n: max(values) for n, values in peaks.items()},
        "shapes": shapes,
    }
    results["geometric_means"] = {n: summary.geometric_means(results, n) for n in peaks}
    print("\n" + report.markdown(results))
    if options.write or is_full(options):
        write(results)


if __name__ == "__main__":
    main()
