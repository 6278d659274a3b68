"""A graph in 8-bit numbers: static, its ranges measured on training photos.

Weights are int8 around zero with a scale for each output channel; what flows is uint8. The steps that bring a photo to
the network's scale, the first layers, and the mean at the end stay fp32.

How the settings were chosen: docs/decisions/encoder.md.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ...errors import TrainError
from ..trainer.silence import log_errors_only
from .graph import INPUT

__all__ = ["CALIBRATION_PHOTOS", "FP32_LAYERS", "quantise_int8"]

CALIBRATION_PHOTOS = 200
"""Training photos whose ranges are measured."""

_BATCH = 4

FP32_LAYERS = 2
"""Layers with weights, from the photo on, that stay fp32. They lose most to rounding, and OpenVINO 2026.4.1 goes wrong
where one of EfficientNet-Lite2's first two is rounded."""

_WEIGHTED = ("Conv", "Gemm", "MatMul")


def quantise_int8(model: onnx.ModelProto, photos: NDArray[np.uint8]) -> onnx.ModelProto:
    """Return the graph with 8-bit convolutions and products.

    Args:
        model: fp32, as ``export_onnx`` made it.
        photos: uint8 (n, height, width, 3), of training, as the encoder prepares them; their ranges become the
            graph's.

    Returns:
        A checked graph of the same input and output.

    Raises:
        TrainError: ONNX Runtime can't quantise it.
    """
    from onnxruntime import quantization

    first = [node.name for node in model.graph.node if node.op_type in _WEIGHTED][:FP32_LAYERS]

    class Photos(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = iter(range(0, len(photos), _BATCH))

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            at = next(self._batches, None)
            return None if at is None else {INPUT: photos[at : at + _BATCH]}

    own = onnx.ModelProto()
    own.CopyFrom(model)  # the quantiser moves the weights of what it is given into files of its own
    with tempfile.TemporaryDirectory(prefix="lookseek-int8-") as folder, log_errors_only():
        out = Path(folder) / "int8.onnx"
        try:
            quantization.quantize_static(
                own,
                out,
                Photos(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=first,
                calibrate_method=quantization.CalibrationMethod.MinMax,
                extra_options={"WeightSymmetric": True, "ActivationSymmetric": False},
            )
        except Exception as error:  # whatever its passes over the graph run into
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise TrainError(
                f"ONNX Runtime can't quantise this network ({lines[0][:200]}): export it without --int8"
            ) from error
        made = onnx.load(out)
    onnx.checker.check_model(made, full_check=True)
    return made
