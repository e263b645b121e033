"""The results as text: all of them for the terminal, a summary for README.md."""

from denseblock import DEFAULT, HIGH
from summary import FRAMEWORKS, best

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
NOTHING = "-"


def shape_text(shape, threads, peak):
    """All contenders of one shape and number of threads."""
    part = shape["threads"][threads]
    lines = [f"\n{shape['name']}, {threads} thread(s); FMA peak {peak:.0f} GFLOP/s"]
    ordered = sorted(part["contenders"].items(), key=lambda item: item[1]["seconds"]["median"])
    for name, m in ordered:
        rate, time = m["gflops"], m["seconds"]
        lines.append(
            f"  {name:42} {rate['median']:7.1f} ({rate['min']:.1f} to {rate['max']:.1f}) GFLOP/s"
            f" {1e3 * time['median']:9.3f} ms, {100 * rate['median'] / peak:3.0f} % of peak,"
            f" {m['threads_busy']:.2f} busy, error {m['max_error']:.1e} L2 {m['l2_error']:.1e}"
        )
    for reason in sorted(set(part["unavailable"].values())):
        names = [n for n, r in part["unavailable"].items() if r == reason]
        lines.append(f"  not measured ({reason}): {', '.join(names)}")
    for name, r in part["ratios"].items():
        lines.append(
            f"  {name}: {r['median']:.2f} ({r['min']:.2f} to {r['max']:.2f}), {r['peer']}"
        )
    return "\n".join(lines)


def plain_text(plain, flops):
    lines = []
    for name, m in plain.items():
        part = 100 * m["measured_part"]
        how = "measured in full" if part == 100 else f"from {part:.2g} % of it"
        lines.append(
            f"  {name:42} {1e-9 * flops / m['seconds']:7.4f} GFLOP/s, {m['seconds']:.3g} s"
            f" ({how}), error {m['max_error']:.1e}"
        )
    return "\n".join(lines)


def rate(part, families):
    name = best(part["contenders"], families)
    return NOTHING if name is None else f"{part['contenders'][name]['gflops']['median']:.0f}"


def ratio(part, name):
    found = part["ratios"].get(name)
    return NOTHING if found is None else f"{found['median']:.2f}"


def error(part, name):
    found = part["contenders"].get(name)
    return NOTHING if found is None else f"{found['max_error']:.0e}"


def full_rate(part, name, peak):
    found = part["contenders"].get(name)
    if found is None:
        return NOTHING
    gflops, ms = found["gflops"]["median"], 1e3 * found["seconds"]["median"]
    return f"{gflops:.0f} ({ms:.3g} ms, {100 * gflops / peak:.0f} %)"


def mean(means, name):
    return f"**{means[name]['mean']:.2f}**" if name in means else NOTHING


def row(cells):
    return f"| {' | '.join(cells)} |"


def markdown_table(results, threads):
    peak = results["fma_peak_gflops"][threads]
    means = results["geometric_means"][threads]
    columns = ["block", "denseblock (time, of peak)", "error", *FRAMEWORKS, "oneDNN"]
    columns += ["vs frameworks", "vs oneDNN", "high accuracy", "error"]
    columns += ["vs frameworks", "vs oneDNN"]
    lines = [
        f"{threads} thread{'' if threads == '1' else 's'}, FMA peak {peak:.0f} GFLOP/s:",
        "",
        row(columns),
        row(["---", *["--:"] * (len(columns) - 1)]),
    ]
    for shape in results["shapes"]:
        part = shape["threads"][threads]
        cells = [shape["name"], full_rate(part, DEFAULT, peak), error(part, DEFAULT)]
        cells += [rate(part, (family,)) for family in (*FRAMEWORKS, "oneDNN")]
        cells += [ratio(part, "default / frameworks"), ratio(part, "default / oneDNN")]
        cells += [rate(part, (HIGH,)), error(part, HIGH)]
        cells += [
            ratio(part, "high accuracy / frameworks"),
            ratio(part, "high accuracy / oneDNN"),
        ]
        lines.append(row(cells))
    cells = ["geometric mean", *[""] * 5]
    cells += [mean(means, "default / frameworks"), mean(means, "default / oneDNN"), "", ""]
    cells += [mean(means, "high accuracy / frameworks"), mean(means, "high accuracy / oneDNN")]
    return "\n".join([*lines, row(cells)])


def caption(results):
    versions, machine = results["versions"], results["machine"]
    peers = [f"{program} {v}" for program, v in versions.items() if program != "denseblock"]
    return (
        "GFLOP/s, counted as the operations of the direct algorithm; every program as fast as it"
        " can be had. *vs frameworks*: how many times faster than the faster of PyTorch and ONNX"
        " Runtime; *vs oneDNN*: than oneDNN in its best layout and algorithm. *error*: the largest"
        " error by the largest value, compared with f64. *high accuracy*: what"
        " `DENSEBLOCK_ACCURACY_HIGH` runs. "
        f"{machine['cores']} cores of {machine['cpu']} ({', '.join(machine['vector_extensions'])}),"
        f" {', '.join(peers)}; {results['date']}."
    )


def markdown(results):
    """The most threads first."""
    threads = sorted(results["geometric_means"], key=int, reverse=True)
    return "\n\n".join([caption(results), *[markdown_table(results, n) for n in threads]])


def update_readme(path, text):
    """Puts the text between the markers, if README.md has them."""
    readme = path.read_text()
    if BEGIN not in readme or END not in readme:
        return False
    before, after = readme.split(BEGIN)[0], readme.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
    return True
