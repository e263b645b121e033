"""What validate.sh's stages have left, as one file of results, a short table and a verdict."""

import argparse
import datetime
import json
import pathlib
import re
import sys
from collections import Counter
from statistics import geometric_mean, median

from verify import way_name

NOT_A_GPU = "REHEARSAL, not a GPU: none of these figures says anything about one"
STAGES = ("build", "conformance", "suites", "sanitizer", "verify", "bench")


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path, help="write GPU.json there")
    parser.add_argument("--commit", required=True)
    parser.add_argument("--rehearse", action="store_true")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args()


def read_stages(work):
    stages = {}
    for name in STAGES:
        path = work / "state" / name
        if not path.exists():
            stages[name] = {"verdict": "not run"}
            continue
        stage = {"skipped": [], "left_out": [], "failed": []}
        for line in path.read_text().splitlines():
            kind, _, text = line.partition("\t")
            if kind == "verdict":
                stage["verdict"] = text
            elif kind == "seconds":
                stage["seconds"] = int(text)
            elif kind != "fact":
                stage[kind.replace("-", "_")].append(text)
        stages[name] = stage
    return stages


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def summarize_verify(path):
    """The worst of every backend and type, and the host's times."""
    if not path.exists():
        return None
    verify = json.loads(path.read_text())
    groups, times = {}, []
    for block in verify["blocks"]:
        if "plain" not in block:
            continue
        element_type = block["type"]
        way = way_name(block)
        group = groups.setdefault(
            f"{way} {element_type}",
            {"blocks": 0, "failed": 0, "max_error": 0.0, "l2_error": 0.0},
        )
        group["blocks"] += 1
        group["failed"] += not block["passed"]
        for name in ("max_error", "l2_error"):
            group[name] = max(group[name], block["plain"][name])
        if "graph_times" in block:
            times.append(
                {
                    "shape": block["shape"],
                    "layers": len(block["layers"]),
                    "type": element_type,
                    "backend": way,
                    "plain": block["plain_times"],
                    "graph": block["graph_times"],
                }
            )
    return {"groups": groups, "host_times": times, "absent": verify["absent"]}


def geometric_means(bench):
    """Of the ratios to the fastest of PyTorch's, by contender and type."""
    values = {}
    for case in bench:
        for contender, found in case["ratios"].items():
            for kind, ratio in found.items():
                key = f"{contender}, {case['type']}, {kind}"
                values.setdefault(key, []).append(ratio["median"])
    return {
        key: {"mean": geometric_mean(found), "smallest": min(found), "shapes": len(found)}
        for key, found in sorted(values.items())
    }


def overall(stages, rehearsal):
    if rehearsal:
        return f"REHEARSED, nothing has run on a GPU: {overall(stages, False)}"
    if any(stage["verdict"] == "failed" for stage in stages.values()):
        return "FAILED: " + ", ".join(n for n, s in stages.items() if s["verdict"] == "failed")
    if any(stage["verdict"] in ("skipped", "not run") for stage in stages.values()):
        missing = [n for n, s in stages.items() if s["verdict"] in ("skipped", "not run")]
        return "INCOMPLETE, without " + ", ".join(missing)
    return "PASSED"


def bench_rows(results):
    gemm = (results["ceilings"] or {}).get("gemm_flops_per_second", {})
    copy = (results["ceilings"] or {}).get("copy_bytes_per_second")
    header = ["shape", "type", "denseblock", "ms", "TFLOP/s", "of GEMM", "of copy"]
    header += ["PyTorch's fastest", "ms", "ratio", "max error"]
    rows = [header]
    for case in results["bench"]:
        found = case["contenders"]
        ours = [n for n in found if n.startswith("denseblock")]
        if not ours:
            continue
        best = min(ours, key=lambda n: found[n]["seconds"]["median"])
        measured = found[best]
        ratio = case["ratios"].get(best, {}).get("of all")
        peer = ratio["peer"] if ratio else None
        rate, seconds = measured["flops_per_second"], measured["seconds"]["median"]
        ceiling = gemm.get(case["type"])
        rows.append(
            [
                case["shape"],
                case["type"],
                best.removeprefix("denseblock "),
                f"{1e3 * seconds:.4g}",
                f"{1e-12 * rate:.4g}",
                f"{100 * rate / ceiling:.1f} %" if ceiling else "-",
                # Of the rate at which x, y and the weights can be moved once.
                f"{100 * case['least_bytes'] / seconds / copy:.1f} %" if copy else "-",
                peer.removeprefix("PyTorch ") if peer else "-",
                f"{1e3 * found[peer]['seconds']['median']:.4g}" if peer else "-",
                f"{ratio['median']:.2f}" if ratio else "-",
                f"{measured['max_error']:.1e}",
            ]
        )
    return rows


def milliseconds(case, name):
    found = case["contenders"].get(name)
    return f"{1e3 * found['seconds']['median']:.4g}" if found else "-"


def engines(plan):
    """What the lines of a plan call an engine, each once, with the number of layers."""
    found = Counter(re.findall(r"engine (\S+?)[,;]?(?:\s|$)", "\n".join(plan)))
    return ", ".join(f"{name} ({layers})" for name, layers in found.items()) or "-"


def library_rows(results):
    """The backends that leave it to a library how a layer is computed, in place and with copies at
    every concatenation, beside our own kernels."""
    rows = [["shape", "type", "cuda ms", "backend", "in place", "with copies", "workspace", "engine"]]
    for case in results["bench"]:
        for backend in ("cublas", "cudnn"):
            plan = case["plans"].get(backend)
            if plan is None:
                continue
            rows.append(
                [
                    case["shape"],
                    case["type"],
                    milliseconds(case, "denseblock cuda"),
                    backend,
                    milliseconds(case, f"denseblock {backend}"),
                    milliseconds(case, f"denseblock {backend} with copies"),
                    f"{plan['workspace_bytes'] / (1 << 20):.1f} MiB",
                    engines(plan["plan"]),
                ]
            )
    return rows


def mean_rows(results):
    """Of each contender and type, beside the fastest of PyTorch's: geometric mean, and smallest."""
    means = results["geometric_means"]
    parts = [key.rsplit(", ", 2) for key in means if key.endswith(", of all")]
    types = list(dict.fromkeys(part[1] for part in parts))
    rows = [["times as fast as PyTorch", *types]]
    for name in dict.fromkeys(part[0] for part in parts):
        row = [name.removeprefix("denseblock ")]
        for element_type in types:
            mean = means.get(f"{name}, {element_type}, of all")
            row.append(f"{mean['mean']:.2f} (from {mean['smallest']:.2f})" if mean else "-")
        rows.append(row)
    return rows


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in rows]


def host_part(verify):
    def of(kind):
        values = [t[kind]["enqueue_us"] for t in verify["host_times"]]
        return f"median {median(values):.3g} us, at most {max(values):.3g} us"

    return f"plain launches {of('plain')}; as a graph {of('graph')}"


def stage_line(name, stage):
    line = f"{name:12} {stage['verdict']:8}"
    if "seconds" in stage:
        line += f" {stage['seconds']:4} s"
    parts = [
        f"{len(stage[kind])} {kind.replace('_', ' ')}"
        for kind in ("skipped", "left_out", "failed")
        if stage.get(kind)
    ]
    return f"{line}  {', '.join(parts)}".rstrip()


def summary(results):
    lines = []
    if results["rehearsal"]:
        lines.append(NOT_A_GPU)
    machine = results["machine"]
    if "gpu" in machine:
        lines.append(
            f"{machine['gpu']} (sm_{machine['compute_capability'].replace('.', '')}), driver "
            f"{machine['driver']}, CUDA {machine['cuda']}, PyTorch {machine['pytorch']}, cuDNN "
            f"{machine['cudnn']}"
        )
    lines.append(f"commit {results['commit']}, {results['date']}")
    lines += [stage_line(name, stage) for name, stage in results["stages"].items()]
    for name, stage in results["stages"].items():
        for kind in ("failed", "skipped", "left_out"):
            lines += [f"{name}: {kind.replace('_', ' ')}: {t}" for t in stage.get(kind, [])]
    if results["conformance"]:
        deviations = [
            f"{f['function']} {f['largest_ulps']:.3g} ulp ({100 * f['largest_of_bound']:.2g} % of"
            " what is allowed)"
            for f in results["conformance"]
            if f["largest_ulps"] > 0
        ]
        lines.append("largest deviations from the twins: " + ("; ".join(deviations) or "none"))
    if results["verify"] and results["verify"]["host_times"]:
        lines.append("the host's part in one execution: " + host_part(results["verify"]))
    if results["ceilings"]:
        ceilings = results["ceilings"]
        rates = ", ".join(
            f"{t} {1e-12 * r:.4g}" for t, r in ceilings["gemm_flops_per_second"].items()
        )
        lines.append(
            f"copy {1e-12 * ceilings['copy_bytes_per_second']:.3g} TB/s; GEMM of "
            f"{ceilings['gemm_size']}: {rates} TFLOP/s"
        )
    if results["bench"]:
        lines += ["", *([NOT_A_GPU] if results["rehearsal"] else [])]
        for rows in (bench_rows(results), library_rows(results), mean_rows(results)):
            if len(rows) > 1:
                lines += [*table(rows), ""]
    lines.append(f"overall: {results['verdict']}")
    return "\n".join(lines)


def file_name(machine):
    words = re.sub(r"[^a-z0-9]+", "-", machine["gpu"].lower()).strip("-")
    return f"{words}.json"


def last_of_each(bench):
    """A shape that was measured again counts once."""
    return list({(case["shape"], case["type"]): case for case in bench}.values())


def machine_facts(work, headers):
    """What bench found; without it, what the conformance test's log has."""
    if headers:
        return headers[-1]["facts"]
    log = work / "logs" / "conformance.log"
    found = re.search(
        r"^(.+) \(sm_(\d+)(\d)\) beside", log.read_text() if log.exists() else "", re.MULTILINE
    )
    if found is None:
        return {}
    return {
        "gpu": found[1],
        "compute_capability": f"{found[2]}.{found[3]}",
        "driver": None,
        "cuda": None,
        "pytorch": None,
        "cudnn": None,
    }


def main():
    options = parse_arguments()
    stages = read_stages(options.work)
    lines = read_lines(options.work / "bench.jsonl")
    headers = [line for line in lines if "facts" in line]
    bench = last_of_each([line for line in lines if "contenders" in line])
    results = {
        "rehearsal": options.rehearse,
        "quick": options.quick,
        "date": datetime.date.today().isoformat(),
        "commit": options.commit,
        "verdict": overall(stages, options.rehearse),
        "machine": machine_facts(options.work, headers),
        "stages": stages,
        "conformance": read_lines(options.work / "conformance.jsonl"),
        "verify": summarize_verify(options.work / "verify.json"),
        "ceilings": headers[-1]["ceilings"] if headers else None,
        "bench": bench,
        "geometric_means": geometric_means(bench),
    }
    text = summary(results)
    print(text)
    (options.work / "summary.txt").write_text(text + "\n")
    content = json.dumps(results, indent=1) + "\n"
    (options.work / "results.json").write_text(content)
    if options.results and not options.rehearse and "gpu" in results["machine"]:
        options.results.mkdir(exist_ok=True)
        (options.results / file_name(results["machine"])).write_text(content)
    return 1 if "FAILED" in results["verdict"] else 0


if __name__ == "__main__":
    sys.exit(main())
