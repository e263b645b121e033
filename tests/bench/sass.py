"""Reads what nvdisasm prints: the kernels of a cubin, their basic blocks and their loops."""

import re
from collections import Counter

# What an instruction does, by the first part of its name. What is in no class is issued, and that
# is all that is known.
CLASSES = {
    "matrix": "HGMMA HMMA IMMA DMMA QMMA OMMA",
    "ffma": "FFMA FFMA2",
    "dfma": "DFMA",
    "ldsm": "LDSM",
    "lds": "LDS",
    "sts": "STS STSM",
    "ldg": "LDG LD",
    "stg": "STG ST",
    "ldgsts": "LDGSTS",
    "bulk": "UBLKCP",
    "barrier": "BAR SYNCS",
    "fma": "FADD FMUL IMAD HFMA2 HADD2 HMUL2 FSWZADD",
    "alu": "LOP3 LOP PLOP3 ISETP SEL IADD3 IADD VIADD VIMNMX VIADDMNMX IMNMX SHF LEA PRMT HMNMX2 "
    "FMNMX FMNMX3 VIMNMX3 HSET2 HSETP2 IABS FSEL FSETP FCHK MOV P2R R2P BMSK SGXT VABSDIFF F2FP "
    "CS2R FLO",
    "slow": "MUFU I2F F2I F2F I2I POPC I2FP F2IP DADD DMUL DSETP",
}
CLASS_OF = {name: kind for kind, names in CLASSES.items() for name in names.split()}

INSTRUCTION = re.compile(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:(@!?U?P[T0-9]+)\s+)?(\S+)\s*([^;]*);")
LABEL = re.compile(r"^(\.L_x_\d+):")
SECTION = re.compile(r"^\s*\.section\s+(?:\.text\.([^,\s]+))?")
TARGET = re.compile(r"(?<=`\()\.L_x_\d+|(?<=[ ,])\.L_x_\d+")
LEAVES = {"EXIT", "RET"}
# ptxas also leaves loops by CALL: what follows it may be gone to as well.
JUMPS = {"BRA", "BRX", "JMP", "CALL"}


class Instruction:
    def __init__(self, predicate, name, operands):
        self.predicate, self.name, self.operands = predicate, name, operands
        base = name.split(".")[0]
        self.kind = CLASS_OF.get(base, "other")
        # ptxas puts loads that are never made before asynchronous copies.
        if predicate == "@!PT":
            self.kind = "other"

    @property
    def base(self):
        return self.name.split(".")[0]

    @property
    def bytes(self):
        """Of a thread's access to memory."""
        for part, size in (("128", 16), ("64", 8), ("U16", 2), ("S16", 2), ("U8", 1)):
            if part in self.name.split("."):
                return size
        return 4

    @property
    def fills(self):
        return "ZFILL" in self.name.split(".")


class Block:
    def __init__(self):
        self.instructions, self.next = [], []

    def find(self, *kinds):
        return [i for i in self.instructions if i.kind in kinds]


class Loop:
    """A natural loop: its first block, all of its blocks, and the loops right inside it."""

    def __init__(self, head, blocks):
        self.head, self.blocks, self.inner = head, blocks, []

    def instructions(self, kernel):
        return [i for b in sorted(self.blocks) for i in kernel.blocks[b].instructions]


class Kernel:
    def __init__(self, name, lines):
        self.name = name
        self.blocks = []
        labels, jumps = {}, []
        block = None
        for line in lines:
            label = LABEL.match(line)
            if label:
                block = None
                labels[label[1]] = len(self.blocks)
                continue
            found = INSTRUCTION.match(line)
            if not found:
                continue
            instruction = Instruction(*found.groups())
            if block is None:
                block = Block()
                self.blocks.append(block)
            block.instructions.append(instruction)
            if instruction.base in JUMPS or instruction.base in LEAVES:
                jumps.append((len(self.blocks) - 1, instruction))
                block = None
        self._connect(labels, jumps)
        self.loops = self._find_loops()

    def _connect(self, labels, jumps):
        ends = dict(jumps)
        for at, block in enumerate(self.blocks):
            last = ends.get(at)
            falls = last is None or self._is_conditional(last)
            if last is not None and last.base not in LEAVES:
                for target in TARGET.findall(last.operands):
                    if labels.get(target, len(self.blocks)) < len(self.blocks):
                        block.next.append(labels[target])
            if falls and at + 1 < len(self.blocks):
                block.next.append(at + 1)

    @staticmethod
    def _is_conditional(jump):
        if jump.predicate not in (None, "@PT") or jump.base == "CALL":
            return True
        return re.match(r"\s*!?~?U?(P[0-9]|R[0-9]|UR|Z)", jump.operands) is not None

    def _dominators(self, before):
        """Of each block that a way leads to, the blocks that every way to it goes through."""
        found = {0: {0}}
        changed = True
        while changed:
            changed = False
            for b in range(1, len(self.blocks)):
                ways = [found[earlier] for earlier in before[b] if earlier in found]
                all_ways = set.intersection(*ways) | {b} if ways else None
                if all_ways != found.get(b):
                    found[b] = all_ways
                    changed = True
        return found

    def _find_loops(self):
        """Every jump to a block that dominates it; loops with one head are one."""
        before = {b: [] for b in range(len(self.blocks))}
        for b, block in enumerate(self.blocks):
            for target in block.next:
                before[target].append(b)
        dominators = self._dominators(before)
        bodies = {}
        for b, block in enumerate(self.blocks):
            for head in block.next:
                if head not in dominators.get(b, ()):
                    continue
                if head == b and len(block.instructions) == 1:
                    continue
                body, open_ends = {head, b}, [b] if b != head else []
                while open_ends:
                    for earlier in before[open_ends.pop()]:
                        if earlier not in body and earlier in dominators:
                            body.add(earlier)
                            open_ends.append(earlier)
                bodies.setdefault(head, set()).update(body)
        loops = [Loop(head, body) for head, body in sorted(bodies.items())]
        outer = []
        for loop in sorted(loops, key=lambda l: len(l.blocks)):
            around = [o for o in loops if o is not loop and loop.blocks < o.blocks]
            if around:
                min(around, key=lambda o: len(o.blocks)).inner.append(loop)
            else:
                outer.append(loop)
        return outer

    def all_loops(self):
        found, waiting = [], list(self.loops)
        while waiting:
            loop = waiting.pop()
            found.append(loop)
            waiting += loop.inner
        return found

    def loops_within(self, blocks):
        """The outermost ones whose blocks are all among these."""
        found, waiting = [], list(self.loops)
        while waiting:
            loop = waiting.pop()
            if loop.blocks <= blocks:
                found.append(loop)
            else:
                waiting += loop.inner
        return found

    def instructions(self):
        return [i for block in self.blocks for i in block.instructions]

    def longest_way(self, start, blocks, inner, weigh, length):
        """Instructions from `start` through `blocks`, along the way whose `length` is greatest: what
        a bound has to assume where a condition is not known. `inner` are loops, each gone through
        once; `weigh(block or loop)` says what it has, or None where it is not to be entered."""
        place = {}
        for loop in inner:
            for b in loop.blocks:
                place[b] = loop
        best = {}

        def value(node):
            return weigh(self.blocks[node] if isinstance(node, int) else node)

        def exits(node):
            sources = [node] if isinstance(node, int) else node.blocks
            found = set()
            for source in sources:
                for target in self.blocks[source].next:
                    if target not in blocks or target == start:
                        continue
                    target_node = place.get(target, target)
                    if target_node is not node:
                        found.add(target_node)
            return found

        def order(node):
            return node if isinstance(node, int) else node.head

        start_node = place.get(start, start)
        nodes, waiting = set(), [start_node]
        while waiting:
            node = waiting.pop()
            if node not in nodes:
                nodes.add(node)
                waiting += exits(node)
        for node in sorted(nodes, key=order, reverse=True):
            own = value(node)
            if own is None:
                continue
            after = [best[e] for e in exits(node) if e in best and order(e) > order(node)]
            longest = max(after, key=length, default=Counter())
            leads_on = bool(after) or self._ends(node, start, blocks)
            if leads_on:
                best[node] = own + longest
        return best.get(start_node)

    def _ends(self, node, start, blocks):
        sources = [node] if isinstance(node, int) else node.blocks
        return any(
            target == start or target not in blocks
            for source in sources
            for target in self.blocks[source].next
        ) or any(not self.blocks[s].next for s in sources)


def parse(text):
    """The kernels of a disassembly, by their mangled names."""
    kernels, name, lines = {}, None, []
    for line in text.splitlines() + ["\t.section\t.end"]:
        section = SECTION.match(line)
        if section:
            if name is not None:
                kernels[name] = Kernel(name, lines)
            name, lines = section[1], []
        elif name is not None:
            lines.append(line)
    return kernels
