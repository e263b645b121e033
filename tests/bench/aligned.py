"""Arrays at the beginning of a huge page, where the system has them."""

import mmap

import numpy as np

HUGE_PAGE = 2 << 20


def empty(shape, dtype):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = mmap.mmap(-1, size + 2 * HUGE_PAGE)
    pages.madvise(mmap.MADV_HUGEPAGE)
    memory = np.frombuffer(pages, np.uint8)  # keeps `pages` alive
    start = -memory.ctypes.data % HUGE_PAGE
    return memory[start : start + size].view(dtype).reshape(shape)
