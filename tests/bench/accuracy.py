"""How exact a result is, compared with a computation in f64 that no contender takes part in."""

import numpy as np

from peers_numpy import dense_block

# Of the largest value. F(4x4,3x3) in f32 comes to some 1e-5; beyond this limit it is a mistake.
LIMIT = 1e-4


def expected_result(case):
    return dense_block(case.x.astype(np.float64), [k.astype(np.float64) for k in case.kernels])


def errors(found, expected):
    """The largest error by the largest value, and the relative error in the L2 norm."""
    if found.shape != expected.shape:
        raise ValueError(f"shape {found.shape}, expected {expected.shape}")
    difference = found - expected
    return {
        "max_error": float(np.abs(difference).max() / np.abs(expected).max()),
        "l2_error": float(np.linalg.norm(difference) / np.linalg.norm(expected)),
    }


def is_good(error):
    return error["max_error"] <= LIMIT  # False for NaN
