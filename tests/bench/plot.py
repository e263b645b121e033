"""The rates as grouped bars, an SVG that follows the reader's light or dark theme."""

from html import escape

from denseblock import DEFAULT, HIGH
from summary import best

SERIES = [  # label, families, colour
    ("denseblock", (DEFAULT,), "#e07b39"),
    ("denseblock, high accuracy", (HIGH,), "#edb183"),
    ("PyTorch", ("PyTorch",), "#4878a8"),
    ("ONNX Runtime", ("ONNX Runtime",), "#6fa77a"),
    ("oneDNN", ("oneDNN",), "#8a8a9c"),
]
WIDTH, HEIGHT = 960, 420
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 56, 56
STYLE = """
text { font: 12px sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: bold }
.grid { stroke: #d1d9e0 }
.range { stroke: #59636e }
.peak { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 6 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .grid { stroke: #3d444d }
  .range { stroke: #d1d9e0 }
  .peak { stroke: #ff7b72 }
}
"""


def tick_step(largest):
    for step in (5, 10, 20, 50, 100, 200, 500):
        if largest / step <= 8:
            return step
    return 1000


def svg(results, threads):
    peak = results["fma_peak_gflops"][threads]
    groups = []
    for shape in results["shapes"]:
        contenders = shape["threads"][threads]["contenders"]
        names = [best(contenders, families) for _, families, _ in SERIES]
        groups.append([contenders[n]["gflops"] if n else None for n in names])
    largest = max([peak, *[g["max"] for group in groups for g in group if g]])
    step = tick_step(largest)
    top = step * (largest // step + 1)

    title = (
        f"f32 dense blocks on {threads} threads, GFLOP/s of the direct algorithm"
        " (bars: median; lines: smallest and largest)"
    )

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">{title}</text>',
    ]
    x = LEFT
    for label, _, colour in SERIES:
        parts.append(f'<rect x="{x}" y="30" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{x + 17}" y="41">{escape(label)}</text>')
        x += 40 + 7 * len(label)
    parts.append(f'<line class="peak" x1="{x}" x2="{x + 26}" y1="36" y2="36"/>')
    parts.append(f'<text x="{x + 32}" y="41">FMA peak, {peak:.0f}</text>')
    for tick in range(0, int(top) + 1, step):
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}"'
            f' y2="{y(tick):.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick}</text>'
        )

    group_width = (WIDTH - LEFT - RIGHT) / len(groups)
    bar = group_width * 0.8 / len(SERIES)
    for i, (shape, group) in enumerate(zip(results["shapes"], groups)):
        left = LEFT + group_width * (i + 0.1)
        for j, (gflops, (_, _, colour)) in enumerate(zip(group, SERIES)):
            if gflops is None:
                continue
            x, value = left + bar * j, y(gflops["median"])
            parts.append(
                f'<rect x="{x:.1f}" y="{value:.1f}" width="{bar - 1:.1f}"'
                f' height="{HEIGHT - BOTTOM - value:.1f}" fill="{colour}"/>'
                f'<line class="range" x1="{x + bar / 2:.1f}" x2="{x + bar / 2:.1f}"'
                f' y1="{y(gflops["min"]):.1f}" y2="{y(gflops["max"]):.1f}"/>'
            )
        size, layers = shape["name"].split(", ")
        for line, text in enumerate((size, layers)):
            parts.append(
                f'<text x="{left + group_width * 0.4:.1f}" y="{HEIGHT - BOTTOM + 18 + 16 * line}"'
                f' text-anchor="middle">{text}</text>'
            )
    parts.append(
        f'<line class="peak" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(peak):.1f}"'
        f' y2="{y(peak):.1f}"/></svg>\n'
    )
    return "\n".join(parts)
