"""What is measured: one way to compute a block, ready to run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


class Unavailable(Exception):
    """Why a contender cannot take part on this machine or in this shape."""


@dataclass
class Contender:
    name: str
    run: Callable[[], object]  # one execution
    result: Callable[[], np.ndarray]  # y[N,H,W,C_L] of the last execution
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A contender before it is made for a shape and a number of threads."""

    name: str
    family: str  # of several ways to use a program, the fastest counts
    make: Callable  # make(case, threads) -> Contender, or raises Unavailable
