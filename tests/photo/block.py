#!/usr/bin/env python3
"""A dense block in plain NumPy, to compare denseblock with. It shares no code with it.

    block.py                writes kernel_000.npy ... and crop.npy beside this file
    block.py --check-cases  compares this program with the results in tests/cases

The block, for x[N,H,W,C] and kernels K_l[kh,kw,C_l,g_l]:

    o_l = conv2d(relu(X_l), K_l)   stride 1, (k-1)//2 zeros before the first row and column
    X_{l+1} = concat(X_l, o_l)     on the channel axis

All arithmetic is in float64, and nothing is rounded between the layers.
Needs NumPy and Pillow.
"""
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE.parent / "cases"

LAYERS, GROWTH, SEED = 4, 12, 20170101
ROWS, COLUMNS = slice(96, 128), slice(168, 200)  # the eyes
# Of the largest value. The results of the f32 cases were made with products rounded to f32.
CASE_TOLERANCES = {"float64": 1e-12, "float32": 1e-6}


def relu(v):
    return np.where(v < 0, 0.0, v)  # NaN stays NaN


def conv2d(x, kernel):
    kh, kw, _, growth = kernel.shape
    batch, height, width, _ = x.shape
    top, left = (kh - 1) // 2, (kw - 1) // 2
    padded = np.pad(x, ((0, 0), (top, kh - 1 - top), (left, kw - 1 - left), (0, 0)))
    out = np.zeros((batch, height, width, growth))
    for i in range(kh):
        for j in range(kw):
            out += padded[:, i : i + height, j : j + width, :] @ kernel[i, j]
    return out


def dense_block(x, kernels):
    features = x.astype(np.float64)
    for kernel in kernels:
        out = conv2d(relu(features), kernel.astype(np.float64))
        features = np.concatenate([features, out], axis=3)
    return features


def first_kernel():
    """Edges in eight directions, spots, two colour contrasts and a blur."""
    edge = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4.0
    slant = np.array([[2, 1, 0], [1, 0, -1], [0, -1, -2]]) / 4.0
    spot = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 8.0
    blur = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16.0
    grey, red_green, blue_yellow = [0.30, 0.59, 0.11], [1, -1, 0], [-0.5, -0.5, 1]
    filters = [(np.rot90(f, turns), grey) for turns in range(4) for f in (edge, slant)]
    filters += [(spot, grey), (blur, red_green), (blur, blue_yellow), (blur, grey)]
    return np.stack([f[:, :, None] * np.array(colour) for f, colour in filters], axis=3)


def make_kernels():
    random = np.random.default_rng(SEED)
    kernels = [first_kernel()]
    for l in range(1, LAYERS):
        channels = 3 + l * GROWTH
        bound = np.sqrt(6.0 / (9 * channels))  # He et al. 2015, arXiv 1502.01852
        kernels.append(random.uniform(-bound, bound, (3, 3, channels, GROWTH)))
    return [k.astype(np.float32) for k in kernels]


def write_photo():
    from PIL import Image

    pixels = np.asarray(Image.open(HERE / "astronaut.png").convert("RGB"))
    x = pixels[None].astype(np.float32) / np.float32(255)
    kernels = make_kernels()
    for l, kernel in enumerate(kernels):
        np.save(HERE / f"kernel_{l:03d}.npy", kernel)
    y = dense_block(x, kernels)  # of the whole photograph: the crop sees its neighbours
    np.save(HERE / "crop.npy", np.ascontiguousarray(y[:, ROWS, COLUMNS, :]))


def check_case(folder):
    kernels = [np.load(path) for path in sorted(folder.glob("kernel_*.npy"))]
    expected = np.load(folder / "output.npy").astype(np.float64)
    x = np.load(folder / "input.npy")
    with np.errstate(invalid="ignore"):  # Inf - Inf is what special_values is about
        found = dense_block(x, kernels)
    finite = np.isfinite(expected)
    same = found.shape == expected.shape and np.array_equal(
        found[~finite], expected[~finite], equal_nan=True
    )
    error = np.abs(found[finite] - expected[finite]).max() if same else np.inf
    good = bool(error <= CASE_TOLERANCES[x.dtype.name] * np.abs(expected[finite]).max())
    print(f"{folder.name}: {'ok' if good else 'DIFFERENT'}, largest error {error:.2g}")
    return good


def check_cases():
    return all([check_case(folder) for folder in sorted(CASES.iterdir()) if folder.is_dir()])


if __name__ == "__main__":
    if sys.argv[1:] == ["--check-cases"]:
        sys.exit(0 if check_cases() else 1)
    if sys.argv[1:]:
        sys.exit(__doc__)
    write_photo()
