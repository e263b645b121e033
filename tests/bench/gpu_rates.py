"""What a multiprocessor does in a cycle, for each architecture that kernels are counted for.

Sources, by the letters in the tables:

  A  NVIDIA A100 Tensor Core GPU Architecture (white paper): 1024 dense FP16/BF16 and 512 TF32
     multiply-adds a cycle and multiprocessor; 164 KB of shared memory, 163 KB for a block;
     128 bytes of shared memory a cycle, as since Volta
  H  NVIDIA H100 Tensor Core GPU Architecture (white paper): twice the dense rates of A for each
     multiprocessor, 228 KB of shared memory; Hopper Tuning Guide: 227 KB for a block
  B  NVIDIA Blackwell Architecture Technical Brief: 2.25 PFLOP/s of dense FP16 for a B200. A rate a
     cycle is not stated: twice H's for each of 148 multiprocessors is what fits, at about H's
     clock. Blackwell Tuning Guide: shared memory as H
     (The table of cores in OpenXLA, cuda_core_info_table.cc, has the same rates of A, H and B.)
  G  CUDA C++ Best Practices Guide 13, "Throughput of Native Arithmetic Instructions": results a
     cycle and multiprocessor; a warp's instruction is 32 of them. A multiprocessor has four
     schedulers, each of which issues one warp's instruction a cycle. Its 128 additions of integers
     a cycle are two pipes': IADD3 is counted on the one, IMAD on the other

Not documented, and so not in the tables:

  - What mma.sync reaches on sm_90 and sm_100. The rates of H and B are those of wgmma and tcgen05;
    published microbenchmarks (arXiv 2402.13499, 2501.12084) report less for mma.sync on an H100,
    62.9 % on average, which is what host/backends/cuda/cuda_model.c counts on. Here no figure is
    taken from them: `tensor` is the documented rate, so that the cycles of the tensor pipe are a
    lower bound, and the share of the matrix rate is an upper one.
  - On which pipe HMNMX2 and F2FP run: taken as ALU, 64 a cycle. G has 64 a cycle for minimum and
    maximum of f32 and of pairs of 16 bits up to sm_90, and 128 on sm_100, which is left out. F2FP
    is in no loop that is counted. FADD and FMUL are counted as IMAD, at half of G's rate on sm_90
    and sm_100: they limit nothing.
  - In how many cycles LDGSTS writes to shared memory: taken as 128 bytes a cycle, no conflicts.
    Likewise bulk copies.
  - How wgmma reads its weights from shared memory: taken as once for the four warps of a warpgroup
    and instruction of 64 rows, 32 bytes of each column, at 128 bytes a cycle. And whether its rate
    is the same for 32 columns as for 128, with features in registers: taken as the same.
  - Latencies, and whether pipes disturb each other.
"""

SCHEDULERS = 4  # of a multiprocessor (A, H)
SHARED_BYTES = 128  # a cycle (A)
WARP = 32
WARPGROUP = 4  # warps
REGISTERS = 16384  # of a scheduler, given to warps in pieces of 256 (G)
MOST_WARPS = 64  # of a multiprocessor (A, H)

# Multiply-adds of a warp's matrix instruction, and the type that decides its rate.
MATRIX = {
    "HMMA.16816": (16 * 8 * 16, "f16"),
    "HMMA.1688.F32.TF32": (16 * 8 * 8, "tf32"),
    "HMMA.1684.F32.TF32": (16 * 8 * 4, "tf32"),
}

ARCHITECTURES = {
    80: {
        "gpu": "A100",
        "multiprocessors": 108,
        "tensor": {"f16": 1024, "tf32": 512},  # A
        "fma": {"f32": 64, "f64": 32},  # G
        "fma_pipe": 64,  # IMAD, FADD and the like: results a cycle (G)
        "alu_pipe": 64,  # logic, comparisons, minimum, 32-bit addition (G)
        "slow_pipe": 16,  # conversions of other types, reciprocal (G)
        "shared": 164 * 1024,
        "block_shared": 163 * 1024,
    },
    90: {
        "gpu": "H100",
        "multiprocessors": 132,
        "tensor": {"f16": 2048, "tf32": 1024},  # H
        "fma": {"f32": 128, "f64": 64},  # G
        "fma_pipe": 64,  # IMAD (G); FFMA has its own rate above
        "alu_pipe": 64,
        "slow_pipe": 16,
        "shared": 228 * 1024,
        "block_shared": 227 * 1024,
    },
    100: {
        "gpu": "B200",
        "multiprocessors": 148,
        "tensor": {"f16": 4096, "tf32": 2048},  # B
        "fma": {"f32": 128, "f64": 64},  # G
        "fma_pipe": 64,
        "alu_pipe": 64,
        "slow_pipe": 16,
        "shared": 228 * 1024,
        "block_shared": 227 * 1024,
    },
}
ARCHITECTURES["90a"] = ARCHITECTURES[90]  # for kernels that have wgmma
