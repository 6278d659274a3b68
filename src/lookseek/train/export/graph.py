"""A network to an ONNX graph: photos as they are decoded go in, pooled features come out.

``torch.onnx.export`` folds each batch norm into the convolution before it, and writes padding that depends on the size
(TensorFlow's SAME) as the numbers that it has at this size. Whether it did so rightly is what the parity asks.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from ...errors import TrainError
from ..classifier.network import Network
from ..trainer.silence import quiet

__all__ = ["INPUT", "OPSET", "OUTPUT", "Tower", "halved", "to_onnx", "written"]

INPUT, OUTPUT = "photos", "vectors"

OPSET = 18
"""The newest that ``encode`` asks of every runtime it knows."""

SMALLEST_HALVED = 64
"""Numbers in a tensor. Smaller ones (biases of a few channels, scalars) gain nothing from fp16."""

_LARGEST_HALF = float(np.finfo(np.float16).max)


class Tower(nn.Module):
    """uint8 (n, height, width, 3) to float32 (n, dim): normalise, and all of the network but its last layer."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.backbone = network.backbone
        self.register_buffer("mean", network.mean)
        self.register_buffer("std", network.std)
        self.eval()

    def forward(self, photos: Tensor) -> Tensor:
        """See the class."""
        normal = (photos.permute(0, 3, 1, 2).contiguous().float() - self.mean) / self.std
        return cast(Tensor, self.backbone(normal)).flatten(1)


def to_onnx(network: Network, height: int, width: int) -> onnx.ModelProto:
    """The network without its last layer as a graph of fp32, for any number of photos of one size.

    Args:
        network: trained. Its mode does not matter: the graph is of evaluation.
        height: of the photos, in pixels.
        width: of the photos, in pixels.

    Returns:
        A checked graph, ``photos`` uint8 (n, height, width, 3) to ``vectors`` float32 (n, dim), with nothing in it
        that names files or code of the machine.

    Raises:
        TrainError: torch can't write this network as ONNX.
    """
    photos = torch.zeros((2, height, width, 3), dtype=torch.uint8)
    remedy = "train one of efficientnet-lite2, resnet50, densenet121, or another backbone of convolutions"
    # All contiguous: with channels last, as it is trained, the graph would end in steps that undo that order in memory.
    tower = Tower(copy.deepcopy(network).to(memory_format=torch.contiguous_format))
    return written(tower, {INPUT: photos}, remedy)


def written(module: nn.Module, inputs: Mapping[str, Tensor], remedy: str) -> onnx.ModelProto:
    """A module in evaluation mode as a graph that gives ``vectors``, for any number of rows.

    Args:
        module: of one output.
        inputs: name to an example of two rows, in the order in which the module takes them.
        remedy: what to do where torch can't write it.

    Raises:
        TrainError: torch can't write it as ONNX.
    """
    rows = torch.export.Dim("n")
    try:
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")  # of the exporter's own dependencies; the parity judges what it made
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
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise TrainError(f"torch can't write this network as ONNX ({said[0][:200]}): {remedy}") from error
    if program is None:
        raise TrainError("torch wrote no ONNX program: install the version of torch that lookseek[train] names")
    return _bare(program.model_proto)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its weights stored as fp16, behind casts that fold to fp32 when a session loads.

    A tensor with a number beyond fp16's range (65,504) stays as it is.
    """
    half = onnx.ModelProto()
    half.CopyFrom(model)
    casts = []
    for tensor in half.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size >= SMALLEST_HALVED and np.abs(array).max() <= _LARGEST_HALF:
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
