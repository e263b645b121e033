"""Dense blocks in NumPy: with whole-array operations, and the plain program one starts from."""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from contender import Contender, Entry


def relu(v):
    return np.where(v < 0, v.dtype.type(0), v)


def pad(x, kernel):
    kh, kw = kernel.shape[:2]
    top, left = (kh - 1) // 2, (kw - 1) // 2
    return np.pad(x, ((0, 0), (top, kh - 1 - top), (left, kw - 1 - left), (0, 0)))


def conv2d(x, kernel):
    kh, kw, _, growth = kernel.shape
    batch, height, width, _ = x.shape
    padded = pad(x, kernel)
    out = np.zeros((batch, height, width, growth), x.dtype)
    for i in range(kh):
        for j in range(kw):
            out += padded[:, i : i + height, j : j + width, :] @ kernel[i, j]
    return out


def dense_block(x, kernels):
    features = x
    for kernel in kernels:
        features = np.concatenate([features, conv2d(relu(features), kernel)], axis=3)
    return features


def make_vectorised(case, threads):
    box = {}

    def run():
        with threadpool_limits(threads, "blas"):
            box["y"] = dense_block(case.x, case.kernels)

    return Contender("numpy", run, lambda: box["y"])


ENTRIES = [Entry("numpy", "NumPy", make_vectorised)]


def version():
    return np.__version__


def loop_over_outputs(padded, kernel, out, pixels):
    """A sum over the patch for every output, as one first writes it in NumPy."""
    kh, kw, _, growth = kernel.shape
    for n, h, w in pixels:
        patch = padded[n, h : h + kh, w : w + kw, :]
        for o in range(growth):
            out[n, h, w, o] = np.sum(patch * kernel[:, :, :, o])


def loop_over_products(padded, kernel, out, pixels):
    """A loop for every index of the formula."""
    kh, kw, channels, growth = kernel.shape
    for n, h, w in pixels:
        for o in range(growth):
            total = 0.0
            for i in range(kh):
                for j in range(kw):
                    for c in range(channels):
                        total += padded[n, h + i, w + j, c] * kernel[i, j, c, o]
            out[n, h, w, o] = total


PLAIN = {"plain loops over outputs": loop_over_outputs, "plain loops": loop_over_products}


def time_plain(case, expected, seconds):
    """The plain programs, each from as many pixels of every layer as `seconds` allow. What they do
    with whole arrays beside the loops is left out: it takes no noticeable part."""
    return {name: time_loops(loops, case, expected, seconds) for name, loops in PLAIN.items()}


def time_of(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def time_loops(loops, case, expected, seconds):
    shape = case.shape
    all_pixels = list(np.ndindex(shape.batch, shape.height, shape.width))
    total, pixels_done, error = 0.0, 0, 0.0
    for layer, kernel in enumerate(case.kernels):
        channels = shape.input_channels(layer)
        features = expected[..., :channels].astype(np.float32)
        padded = pad(relu(features), kernel)
        out = np.zeros((*features.shape[:3], shape.growth), np.float32)
        one = time_of(loops, padded, kernel, out, all_pixels[:1])
        count = int(min(len(all_pixels), max(1, seconds / shape.layers / one)))
        some = time_of(loops, padded, kernel, out, all_pixels[:count])
        total += some * len(all_pixels) / count
        pixels_done += count
        difference = out - expected[..., channels : channels + shape.growth]
        difference = difference.reshape(len(all_pixels), -1)[:count]
        error = max(error, float(np.abs(difference).max()))
    return {
        "seconds": total,
        "measured_part": pixels_done / (shape.layers * len(all_pixels)),
        "max_error": error / float(np.abs(expected).max()),
    }
