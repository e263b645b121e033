"""What the figures were measured on. No names of hosts or folders."""

import json
import os
import pathlib
import platform
import subprocess

CACHES = pathlib.Path("/sys/devices/system/cpu/cpu0/cache")
VECTOR_FLAGS = ("avx2", "fma", "avx512f")


def cpu_info():
    lines = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    return dict([part.strip() for part in line.split(":", 1)] for line in lines if ":" in line)


def caches():
    found = {}
    for folder in sorted(CACHES.glob("index*")):
        level, kind, size = [(folder / n).read_text().strip() for n in ("level", "type", "size")]
        if kind != "Instruction":
            found[f"L{level}"] = size
    return found


def compiler():
    done = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[0]


def facts():
    cpu = cpu_info()
    return {
        "cpu": cpu["model name"],
        "cpu_family_model": f"{cpu['cpu family']}/{cpu['model']}",
        "vector_extensions": [f for f in VECTOR_FLAGS if f in cpu["flags"].split()],
        "cores": len(os.sched_getaffinity(0)),
        "caches": caches(),
        "kernel": platform.release().split("-")[0],
        "libc": " ".join(platform.libc_ver()),
        "compiler": compiler(),
        "python": platform.python_version(),
    }


def busy_seconds():
    """Processor time that all programs together have used."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    idle = int(fields[3]) + int(fields[4])
    return (sum(map(int, fields)) - idle) / os.sysconf("SC_CLK_TCK")


def fma_peak(tool, threads):
    """GFLOP/s of multiply-adds in registers, f32, as denseblock's tool measures it. The best of
    some: what the machine can do when nothing disturbs it."""
    block = ["--shape", "1,8,8,8", "--layers", "1", "--growth", "8", "--repeat", "1"]
    command = [
        tool,
        "bench",
        *block,
        "--backend",
        "reference",
        "--threads",
        str(threads),
        "--json",
    ]

    def once():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["backends"][0]["peak_gflops_per_second"]

    return max(once() for _ in range(3))
