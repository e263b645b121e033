#!/usr/bin/env python3
"""Writes the cases of residual blocks beside this file: NAME/input.npy, kernel_NNN.npy, output.npy.

    python3 make_cases.py

This is the formula of include/denseblock.h in plain NumPy; it shares no code with the library:

    h_u     = conv2d(relu(X_u), K_2u)
    X_{u+1} = X_u + conv2d(relu(h_u), K_{2u+1})

with stride 1, and (k-1)//2 zeros before the first row and column. All arithmetic is in float64, nothing is rounded on the way, and the expected outputs are float64.
The numbers are the same every time: those of RandomState are frozen, and the sums are made one
product after the other, not by a BLAS. The files here were written with NumPy 2.4.6.
"""
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def relu(v):
    return np.where(v < 0, 0.0, v)  # NaN stays NaN


def conv2d(x, kernel):
    kh, kw, inputs, outputs = kernel.shape
    batch, height, width, _ = x.shape
    top, left = (kh - 1) // 2, (kw - 1) // 2
    padded = np.pad(x, ((0, 0), (top, kh - 1 - top), (left, kw - 1 - left), (0, 0)))
    sums = np.zeros((batch, height, width, outputs))
    for i in range(kh):
        for j in range(kw):
            for c in range(inputs):
                sums += padded[:, i : i + height, j : j + width, c, None] * kernel[i, j, c]
    return sums


def residual_block(x, kernels):
    y = x.astype(np.float64)
    for first, second in zip(kernels[::2], kernels[1::2]):
        hidden = conv2d(relu(y), first.astype(np.float64))
        y = y + conv2d(relu(hidden), second.astype(np.float64))
    return y


def random_case(seed, shape, hidden, units, kernel, dtype=np.float32):
    """x and the kernels: values of both signs, whose sums neither grow nor vanish."""
    random = np.random.RandomState(seed)
    channels = shape[3]
    x = random.uniform(-1, 1, shape).astype(dtype)
    kernels = []
    for _ in range(units):
        for inputs, outputs in ((channels, hidden), (hidden, channels)):
            scale = np.sqrt(6 / (kernel[0] * kernel[1] * inputs))
            kernels.append(random.uniform(-scale, scale, (*kernel, inputs, outputs)).astype(dtype))
    return x, kernels


def special_values():
    """NaN and Inf in two corners, whose neighbours they reach, and -Inf, which the ReLU cuts: it
    stays in the sum alone. The second image has nothing but a -Inf."""
    x, kernels = random_case(8, (2, 11, 13, 2), 2, 1, (3, 3))
    x[0, 0, 0, 1] = np.nan
    x[0, 10, 12, 0] = np.inf
    x[0, 5, 6, 0] = -np.inf
    x[1, 7, 2, 1] = -np.inf
    return x, kernels


CASES = {
    "plain_3x3": random_case(1, (2, 5, 7, 3), 4, 2, (3, 3)),
    "channels_16": random_case(2, (1, 8, 8, 16), 16, 1, (3, 3)),
    "kernel_1x1": random_case(3, (3, 4, 5, 6), 2, 3, (1, 1)),
    "kernel_5x3": random_case(4, (1, 9, 8, 3), 5, 1, (5, 3)),
    "even_kernel": random_case(5, (1, 5, 6, 4), 3, 2, (2, 4)),
    "one_pixel": random_case(6, (3, 1, 1, 5), 7, 2, (3, 3)),
    "no_units": random_case(7, (2, 3, 5, 4), 4, 0, (3, 3)),
    "special_values": special_values(),
    "float64": random_case(9, (2, 5, 6, 3), 4, 2, (3, 3), np.float64),
}


def main():
    for name, (x, kernels) in CASES.items():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        np.save(folder / "input.npy", x)
        for number, kernel in enumerate(kernels):
            np.save(folder / f"kernel_{number:03}.npy", kernel)
        with np.errstate(invalid="ignore"):
            np.save(folder / "output.npy", residual_block(x, kernels))


main()
