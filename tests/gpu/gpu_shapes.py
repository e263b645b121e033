"""The blocks that are verified and measured on a GPU, the most telling first."""

from dataclasses import dataclass

KERNEL_SIZE = 3


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
        return f"{size}, {self.layers} of {self.growth}"

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

    @property
    def least_elements(self):
        """What has to be moved at least: x read, y written, weights read."""
        pixels = self.batch * self.height * self.width
        taps = KERNEL_SIZE * KERNEL_SIZE
        read = sum(self.input_channels(l) for l in range(self.layers))
        return pixels * (self.channels + self.output_channels) + taps * read * self.growth

    @property
    def arguments(self):
        """For block_probe."""
        size = f"{self.batch},{self.height},{self.width},{self.channels}"
        return ["--shape", size, "--layers", str(self.layers), "--growth", str(self.growth)]


# DenseNet-121's four planes: height and width, channels, layers, of growth 32.
PLANES = ((56, 64, 6), (28, 128, 12), (14, 256, 24), (7, 512, 16))
BATCHES = (64, 1, 8, 256)

SHAPES = [
    *[Shape(64, size, size, channels, layers, 32) for size, channels, layers in PLANES],
    Shape(10, 224, 224, 32, 6, 32),  # KernelBench level 3, problem 14, without normalisation
    Shape(64, 32, 32, 16, 12, 12),  # DenseNet with 40 layers and growth 12, for CIFAR
    Shape(64, 16, 16, 160, 12, 12),
    Shape(64, 8, 8, 304, 12, 12),
    *[
        Shape(batch, size, size, channels, layers, 32)
        for batch in BATCHES[1:]
        for size, channels, layers in PLANES
    ],
]

# For --quick and the rehearsal, which a CPU has to get through.
QUICK = [SHAPES[2], SHAPES[6], SHAPES[8]]
TINY = [Shape(2, 6, 7, 8, 3, 4), Shape(3, 5, 4, 9, 2, 12)]
