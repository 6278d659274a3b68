"""Networks as ONNX graphs.

``torch.onnx.export`` folds each batch norm into the convolution before it, and writes padding that depends on the size
(TensorFlow's SAME) as the numbers that it has at this size. Whether it did so rightly is what parity.py measures.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ...errors import TrainError
from ..trainer.silence import log_errors_only

__all__ = ["INPUT", "OPSET", "OUTPUT", "export_onnx", "to_fp16"]

INPUT, OUTPUT = "photos", "vectors"

OPSET = 18
"""The newest that ``encode`` requires of every runtime that it supports."""

MIN_FP16_SIZE = 64
"""Numbers in a tensor. Smaller ones (biases of a few channels, scalars) gain nothing from fp16."""

_MAX_FP16 = float(np.finfo(np.float16).max)


def export_onnx(module: nn.Module, inputs: Mapping[str, Tensor], remedy: str) -> onnx.ModelProto:
    """Return a module in evaluation mode as a graph that gives ``vectors``, for any number of rows.

    Args:
        module: of one output.
        inputs: name to an example of two rows, in the order in which the module takes them.
        remedy: what to do where torch can't write it.

    Raises:
        TrainError: torch can't write it as ONNX.
    """
    rows = torch.export.Dim("n")
    try:
        with warnings.catch_warnings(), log_errors_only():
            warnings.simplefilter("ignore")  # of the exporter's own dependencies; the parity shows what it made
            program = torch.onnx.export(
                module.eval(),
                tuple(inputs.values()),
                dynamo=True,
                input_names=list(inputs),
                output_names=[OUTPUT],
                opset_version=OPSET,
                dynamic_shapes=tuple({0: rows} for _ in inputs),
                verbose=False,
            )
    except Exception as error:  # each stage of the exporter raises classes of its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise TrainError(f"torch can't write this network as ONNX ({lines[0][:200]}): {remedy}") from error
    if program is None:
        raise TrainError("torch wrote no ONNX program: install the version of torch that lookseek[train] names")
    return _bare(program.model_proto)


def to_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the same graph with its weights stored as fp16, behind casts that fold to fp32 when a session loads.

    A tensor with a number beyond fp16's range (65,504) stays as it is.
    """
    half = onnx.ModelProto()
    half.CopyFrom(model)
    casts = []
    for tensor in half.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size >= MIN_FP16_SIZE and np.abs(array).max() <= _MAX_FP16:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), name + "_fp16"))
            casts.append(onnx.helper.make_node("Cast", [name + "_fp16"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *half.graph.node]
    del half.graph.node[:]
    half.graph.node.extend(nodes)
    onnx.checker.check_model(half, full_check=True)
    return half


def _bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without what the exporter notes beside each node: paths and code of the machine that exported."""
    for node in model.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for port in (*model.graph.input, *model.graph.output):
        port.ClearField("doc_string")
        del port.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    return model
