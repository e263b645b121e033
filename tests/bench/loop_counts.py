"""Counts the instructions of a kernel's main loop, of what comes before and after it."""

import re
from collections import Counter

import gpu_rates
from sass import Loop

KINDS = ("matrix", "ffma", "dfma", "ldsm", "lds", "sts", "ldg", "stg", "ldgsts", "bulk", "barrier")
KINDS += ("fma", "alu", "slow", "other")


def count(instructions, weight=1):
    found = Counter()
    for i in instructions:
        found[(i.kind, i.name)] += weight
    return found


def scaled(counts, factor):
    return Counter({key: n * factor for key, n in counts.items()})


def by_kind(counts):
    found = Counter()
    for (kind, _), n in counts.items():
        found[kind] += n
    return found


def total(counts):
    return sum(counts.values())


def wavefronts(counts):
    """Cycles of shared memory for a warp: 128 bytes each, no conflicts, nothing shared by lanes."""
    found = 0
    for (kind, name), n in counts.items():
        parts = name.split(".")
        if kind == "ldsm":
            found += n * int(parts[-1])
        elif kind in ("lds", "sts"):
            found += n * (4 if "128" in parts else 2 if "64" in parts else 1)
        elif warpgroup_shape(name):
            columns, _ = warpgroup_shape(name)
            found += n * columns * 32 / gpu_rates.SHARED_BYTES / gpu_rates.WARPGROUP
    return found


def warpgroup_shape(name):
    """Columns and depth of a warpgroup's matrix instruction; None for others. It multiplies 64
    rows, and reads 32 bytes of each column from shared memory."""
    found = re.match(r"HGMMA\.64x(\d+)x(\d+)\.", name)
    return found and (int(found[1]), int(found[2]))


def main_loop(kernel, kinds):
    """The outermost loop with most instructions of these kinds; None where there is none."""

    def found(loop):
        return sum(i.kind in kinds for i in loop.instructions(kernel))

    best = max(kernel.loops, key=found, default=None)
    return best if best is not None and found(best) else None


def window_loop(kernel, kind):
    """The loop over windows: the innermost one that has such instructions and waits at a barrier.
    Around it there may be one over tiles; those in it, over taps and steps, do not wait."""

    def found(loop):
        return sum(i.kind == kind for i in loop.instructions(kernel))

    def is_one(loop):
        return found(loop) and any(i.kind == "barrier" for i in loop.instructions(kernel))

    ones = [l for l in kernel.all_loops() if is_one(l) and not any(is_one(i) for i in l.inner)]
    return max(ones, key=found, default=None)


def innermost(kernel, loop, kinds):
    """The loop inside it, or itself, that has most of these instructions and no loop inside."""
    loops, open_loops = [], [loop]
    while open_loops:
        loop = open_loops.pop()
        open_loops += loop.inner
        if not loop.inner:
            loops.append(loop)
    return max(loops, key=lambda l: sum(i.kind in kinds for i in l.instructions(kernel)))


def usual(counts):
    """Ways that store 16 bytes at a time before others, long ones before short ones."""
    return any(kind == "stg" and ".128" in name for kind, name in counts), total(counts)


ROWS = 4  # of matrices that a warp has, as tensor_kernel.h says


class TensorCounter:
    """Of the tensor-core kernel. Its windows are copied and its outputs stored in pieces of 16 bytes,
    the usual case: ways with smaller pieces are not gone. How often loops run is known from `sizes`,
    and the way between them is the one with most instructions. Of `sizes`, for a thread:

      taps            of a loop over taps
      steps           of a loop over the steps of a tap, each of which loads ROWS times
      stages          windows in shared memory
      feature_copies, weight_copies   pieces of a window
      stores          pieces of the outputs of a layer
    """

    def __init__(self, kernel, sizes):
        self.kernel, self.sizes = kernel, sizes
        self.main = window_loop(kernel, "matrix")
        self.avoided = ()  # kinds of instructions: ways with them are not gone

    def accesses(self, blocks, kind):
        return [i for b in blocks for i in self.kernel.blocks[b].instructions if i.kind == kind]

    def weight_copies(self, blocks):
        return [i for i in self.accesses(blocks, "ldgsts") if i.bytes == 16 and not i.fills]

    def least_bytes(self, blocks):
        """Of accesses on the usual way. Where there are asynchronous copies, loads of 2 bytes copy what
        is too small for them."""
        copies = {i.bytes for i in self.accesses(blocks, "ldgsts")}
        return {"ldgsts": max(copies, default=0), "ldg": 4 if copies else 0}

    def trips(self, loop, way):
        """How often a warp goes around where one turn is `way`; None: never, on the usual way."""
        kinds = by_kind(way)
        copies = [i for i in self.accesses(loop.blocks, "ldgsts") if i.bytes == 16]
        if any(self.accesses(l.blocks, "ldgsts") for l in loop.inner):
            return self.sizes["stages"] - 1  # before the main loop, a window each
        if copies and not kinds["ldgsts"]:
            return None  # it does nothing else
        if kinds["matrix"]:
            steps = self.sizes["steps"]
            return steps if steps > 1 and kinds["ldsm"] == ROWS else self.sizes["taps"]
        if any(i.fills for i in copies):
            return self.sizes["feature_copies"] / kinds["ldgsts"]
        if copies:
            needed, at_once = self.sizes["weight_copies"], kinds["ldgsts"]
            return needed if at_once == 1 else needed // at_once
        if kinds["stg"] and any(i.bytes == 16 for i in self.accesses(loop.blocks, "stg")):
            return self.sizes["stores"] / kinds["stg"]
        return None

    def weigh_loop(self, loop):
        way = self.longest(loop.head, loop.blocks, loop.inner)
        trips = self.trips(loop, way) if way else None
        return None if trips is None else scaled(way, trips)

    def part_made(self, blocks, inner):
        """Of the copies of weights outside of loops. They are what is left over by a loop that makes
        several at once. (That loop itself has none inside.)"""
        if not inner:
            return 1
        outside = set(blocks) - {b for loop in inner for b in loop.blocks}
        written = len(self.weight_copies(outside))
        at_once = max((len(self.weight_copies(l.blocks)) for l in inner), default=0)
        needed = self.sizes["weight_copies"]
        left = needed % at_once if at_once else needed
        return left / written if written else 1

    def longest(self, start, blocks, inner):
        least, part = self.least_bytes(blocks), self.part_made(blocks, inner)
        loops = {loop.head: self.weigh_loop(loop) for loop in inner}

        def weigh(node):
            if isinstance(node, Loop):
                return loops[node.head]
            if any(i.kind in least and i.bytes < least[i.kind] for i in node.instructions):
                return None
            if node.find(*self.avoided):
                return None
            copies = any(i.kind == "ldgsts" and not i.fills for i in node.instructions)
            return count(node.instructions, part if copies else 1)

        return self.kernel.longest_way(start, blocks, inner, weigh, usual) or Counter()

    def multiplying(self):
        """Instructions of one turn in the blocks with matrix instructions. Others copy the window
        that comes, while no warp multiplies: a barrier is before them."""
        return self.multiplying_in(self.main)

    def multiplying_in(self, loop):
        blocks = self.kernel.blocks
        inside = {b for inner in loop.inner for b in inner.blocks}
        found = sum(
            len(blocks[b].instructions)
            for b in loop.blocks
            if b not in inside and blocks[b].find("matrix")
        )
        for inner in loop.inner:
            if any(blocks[b].find("matrix") for b in inner.blocks):
                way = self.longest(inner.head, inner.blocks, inner.inner)
                found += self.trips(inner, way) * self.multiplying_in(inner)
        return found

    def part(self, start, blocks):
        return self.longest(start, blocks, self.kernel.loops_within(blocks))

    def count(self):
        """A turn of the main loop in which no tile begins or ends; what comes before and after."""
        main = self.main
        self.avoided = ("ldg", "stg", "sts")
        turn = self.longest(main.head, main.blocks, main.inner)
        self.avoided = ()
        before = {b for b in range(len(self.kernel.blocks)) if b < main.head}
        after = {b for b in range(len(self.kernel.blocks)) if b > main.head} - main.blocks
        first = min(t for b in main.blocks for t in self.kernel.blocks[b].next if t in after)
        prologue = self.part(0, before)
        self.avoided = ("ldgsts",)  # of what a residual block's outputs are added to
        epilogue = self.part(first, after)
        self.avoided = ()
        return turn, prologue, epilogue


class WgmmaCounter(TensorCounter):
    """Of the kernel with wgmma. Its warps go one of two ways: to the loop that multiplies, the main
    one, or to the one that copies. Nothing is waited for: a barrier is looked at once."""

    def __init__(self, kernel, sizes):
        super().__init__(kernel, {**sizes, "weight_copies": 0})
        self.copying = window_loop(kernel, "bulk")

    def trips(self, loop, way):
        kinds = by_kind(way)
        if kinds["matrix"]:
            return self.sizes["taps"]
        if kinds["ldgsts"] and kinds["bulk"]:
            return None  # the loop that copies is not on the way to the one that multiplies
        waits = any(i.base in ("SYNCS", "USETMAXREG") for i in loop.instructions(self.kernel))
        if kinds["bulk"] or waits and not kinds["ldgsts"]:
            return 1
        return super().trips(loop, way)

    def count_copying(self, warps):
        """One turn of the loop that copies, by a warp of so many, of which one copies weights."""
        loop, found = self.copying, Counter()
        for self.avoided, part in (((), 1), (("bulk",), warps - 1)):
            way = self.longest(loop.head, loop.blocks, loop.inner)
            found += scaled(way, part / warps)
        self.avoided = ()
        return found


def occupancy(architecture, threads, registers, shared):
    """Blocks that a multiprocessor has room for, as tests/resources/check.sh counts them."""
    rates = gpu_rates.ARCHITECTURES[architecture]
    warps = threads // gpu_rates.WARP
    warp_registers = (registers * gpu_rates.WARP + 255) // 256 * 256
    by_registers = gpu_rates.REGISTERS // warp_registers * gpu_rates.SCHEDULERS // warps
    by_shared = rates["shared"] // (shared + 1024)
    return min(by_registers, gpu_rates.MOST_WARPS // warps, by_shared)


def matrix_work(counts):
    """Multiply-adds of a warp's matrix instructions, and the type that decides their rate."""
    work, form = 0, None
    for (kind, name), n in counts.items():
        if kind == "matrix" and warpgroup_shape(name):
            columns, depth = warpgroup_shape(name)
            form = "f16" if depth == 16 else "tf32"
            work += n * 64 * columns * depth / gpu_rates.WARPGROUP
        elif kind == "matrix":
            one, form = next(v for k, v in gpu_rates.MATRIX.items() if name.startswith(k))
            work += n * one
    return work, form


def cycles(architecture, counts, warps, copied_bytes):
    """Of a multiprocessor for one turn of the loop by a block of so many warps: how long each of its
    parts is busy, if nothing else holds it up. All blocks that are there at once add up alike."""
    rates = gpu_rates.ARCHITECTURES[architecture]
    kinds = by_kind(counts)
    lanes = gpu_rates.WARP * warps
    busy = {
        "issue": total(counts) * warps / gpu_rates.SCHEDULERS,
        "alu": kinds["alu"] * lanes / rates["alu_pipe"],
        "slow": kinds["slow"] * lanes / rates["slow_pipe"],
        "shared": wavefronts(counts) * warps + copied_bytes / gpu_rates.SHARED_BYTES,
    }
    fma = kinds["fma"] / rates["fma_pipe"]
    if kinds["ffma"]:
        fma += kinds["ffma"] / rates["fma"]["f32"]
    busy["fma"] = fma * lanes
    work, form = matrix_work(counts)
    if work:
        busy["tensor"] = work * warps / rates["tensor"][form]
        wanted = busy["tensor"]
    elif kinds["dfma"]:
        busy["f64"] = kinds["dfma"] * lanes / rates["fma"]["f64"]
        wanted = busy["f64"]
    else:
        wanted = kinds["ffma"] * lanes / rates["fma"]["f32"]
    return busy, wanted
