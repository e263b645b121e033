"""What profile.sh's stages have left, as one file of results."""

import argparse
import csv
import datetime
import json
import pathlib


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    for name in ("commit", "verdict", "gpu", "driver", "timeline", "kernels", "block"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rehearse", action="store_true")
    return parser.parse_args()


def table(path):
    """Rows by column. Before the header there may be lines of the profiler's own."""
    lines = path.read_text().splitlines()
    while lines and "," not in lines[0]:
        lines.pop(0)
    return list(csv.DictReader(lines))


def timeline(work):
    """Each report of nsys stats, by its name."""
    return {
        path.stem.removeprefix("stats_"): table(path) for path in sorted(work.glob("stats_*.csv"))
    }


def kernels(work):
    """Each launch that ncu has seen, with what every section measured: value and unit."""
    launches = {}
    path = work / "kernels.csv"
    for row in table(path) if path.exists() else []:
        launch = launches.setdefault(row["ID"], {"kernel": row["Kernel Name"], "sections": {}})
        section = launch["sections"].setdefault(row["Section Name"], {})
        if row["Metric Name"]:  # else it is advice
            section[row["Metric Name"]] = [row["Metric Value"], row["Metric Unit"]]
    return list(launches.values())


def main():
    options = parse_arguments()
    results = {
        "rehearsal": options.rehearse,
        "date": datetime.date.today().isoformat(),
        "commit": options.commit,
        "verdict": options.verdict,
        "machine": {"gpu": options.gpu or None, "driver": options.driver or None},
        "block": options.block,
        "stages": {"timeline": options.timeline, "kernels": options.kernels},
        "timeline": timeline(options.work),
        "kernels": kernels(options.work),
    }
    (options.work / "profile.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
