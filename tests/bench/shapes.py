"""The blocks that are measured, and random data for them."""

from dataclasses import dataclass

import numpy as np

KERNEL_SIZE = 3
SEED = 20170101


@dataclass(frozen=True)
class Shape:
    batch: int
    height: int
    width: int
    channels: int
    layers: int
    growth: int

    def __str__(self):
        size = f"{self.batch}x{self.height}x{self.width}x{self.channels}"
        return f"{size}, {self.layers} layers of {self.growth}"

    def input_channels(self, layer):
        return self.channels + layer * self.growth

    @property
    def output_channels(self):
        return self.input_channels(self.layers)

    @property
    def flops(self):
        """Operations of the direct algorithm, by which all are compared."""
        taps = KERNEL_SIZE * KERNEL_SIZE
        read = sum(self.input_channels(l) for l in range(self.layers))
        return 2 * self.batch * self.height * self.width * taps * read * self.growth


SHAPES = (
    Shape(1, 56, 56, 64, 6, 32),  # the four planes of DenseNet-121
    Shape(1, 28, 28, 128, 12, 32),
    Shape(1, 14, 14, 256, 24, 32),
    Shape(1, 7, 7, 512, 16, 32),
    Shape(8, 32, 32, 24, 12, 12),  # DenseNet with growth 12, for small pictures
    Shape(8, 32, 32, 16, 12, 12),
    Shape(1, 224, 224, 32, 6, 32),  # a large plane
    Shape(16, 28, 28, 128, 12, 32),  # a batch
)


@dataclass(frozen=True)
class Case:
    shape: Shape
    x: np.ndarray  # [N,H,W,C0] f32
    kernels: list  # of [3,3,C_l,g] f32


def make_case(shape):
    random = np.random.default_rng(SEED)
    x = random.standard_normal(
        (shape.batch, shape.height, shape.width, shape.channels), dtype=np.float32
    )
    kernels = []
    for layer in range(shape.layers):
        channels = shape.input_channels(layer)
        size = (KERNEL_SIZE, KERNEL_SIZE, channels, shape.growth)
        # He et al. 2015, arXiv 1502.01852: values keep their size from layer to layer.
        deviation = np.float32(np.sqrt(2 / (KERNEL_SIZE * KERNEL_SIZE * channels)))
        kernels.append(random.standard_normal(size, dtype=np.float32) * deviation)
    return Case(shape, x, kernels)
