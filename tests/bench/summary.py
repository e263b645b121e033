"""What the measured times say: rates, the best of every family, ratios."""

from statistics import geometric_mean, median

from denseblock import DEFAULT, HIGH

FRAMEWORKS = ("PyTorch", "ONNX Runtime")
# What is compared, and with the best of which families.
RATIOS = {
    "default / frameworks": (DEFAULT, FRAMEWORKS),
    "default / oneDNN": (DEFAULT, ("oneDNN",)),
    "high accuracy / frameworks": (HIGH, FRAMEWORKS),
    "high accuracy / oneDNN": (HIGH, ("oneDNN",)),
}


def spread(values):
    return {"median": median(values), "min": min(values), "max": max(values)}


def add_rates(contenders, flops):
    for measured in contenders.values():
        measured["seconds"] = spread(measured["rounds"])
        measured["gflops"] = spread([1e-9 * flops / t for t in measured["rounds"]])


def best(contenders, families):
    """The name of the fastest of these families, or None."""
    names = [n for n, measured in contenders.items() if measured["family"] in families]
    return min(names, key=lambda n: contenders[n]["seconds"]["median"], default=None)


def ratio(ours, theirs):
    """How many times faster, from the turns of the same round."""
    return spread([b / a for a, b in zip(ours["rounds"], theirs["rounds"])])


def ratios(contenders):
    found = {}
    for name, (ours, families) in RATIOS.items():
        theirs = best(contenders, families)
        if ours in contenders and theirs is not None:
            found[name] = {"peer": theirs, **ratio(contenders[ours], contenders[theirs])}
    return found


def geometric_means(results, threads):
    """Of every ratio over the shapes that have it, with the smallest one."""
    means = {}
    for name in RATIOS:
        values = [
            shape["threads"][threads]["ratios"][name]["median"]
            for shape in results["shapes"]
            if name in shape["threads"][threads]["ratios"]
        ]
        if values:
            means[name] = {"mean": geometric_mean(values), "smallest": min(values)}
    return means


def scaling(shape):
    """How many times faster denseblock is with the most threads than with one, or None."""
    by_threads = {
        int(n): part["contenders"][DEFAULT]["seconds"]["median"]
        for n, part in shape["threads"].items()
        if DEFAULT in part["contenders"]
    }
    if len(by_threads) < 2 or 1 not in by_threads:
        return None
    return by_threads[1] / by_threads[max(by_threads)]
