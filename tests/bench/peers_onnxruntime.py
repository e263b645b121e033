"""ONNX Runtime: a graph of Relu, Conv and Concat, with all of its optimisations."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from contender import Contender, Entry
from shapes import KERNEL_SIZE

NAME = "onnxruntime"


def make_model(case):
    shape = case.shape
    pads = [(KERNEL_SIZE - 1) // 2] * 4
    nodes, weights, features = [], [], "x"
    for l, kernel in enumerate(case.kernels):
        longer = "y" if l + 1 == shape.layers else f"features_{l + 1}"
        weights.append(
            numpy_helper.from_array(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), f"w_{l}")
        )
        nodes += [
            helper.make_node("Relu", [features], [f"relu_{l}"]),
            helper.make_node("Conv", [f"relu_{l}", f"w_{l}"], [f"conv_{l}"], pads=pads),
            helper.make_node("Concat", [features, f"conv_{l}"], [longer], axis=1),
        ]
        features = longer

    def tensor(name, channels):
        size = (shape.batch, channels, shape.height, shape.width)
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, size)

    graph = helper.make_graph(
        nodes,
        "dense_block",
        [tensor("x", shape.channels)],
        [tensor("y", shape.output_channels)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def make(case, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        make_model(case).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = np.ascontiguousarray(case.x.transpose(0, 3, 1, 2))
    shape = case.shape
    y = np.empty((shape.batch, shape.output_channels, shape.height, shape.width), np.float32)
    # Bound memory: the result is written in place, not allocated in every run.
    binding = session.io_binding()
    binding.bind_cpu_input("x", x)
    binding.bind_output("y", "cpu", 0, np.float32, y.shape, y.ctypes.data)
    return Contender(
        NAME,
        lambda: session.run_with_iobinding(binding),
        lambda: np.ascontiguousarray(y.transpose(0, 2, 3, 1)),
    )


ENTRIES = [Entry(NAME, "ONNX Runtime", make)]


def version():
    return onnxruntime.__version__
