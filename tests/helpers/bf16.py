"""What a processor that multiplies bf16 in hardware does to vectors, on one that does not.

There a catalogue's photos go through OpenVINO in bf16 and a photo alone through ONNX Runtime in fp32, so that a stored
vector and a query's differ. Emulated: the tower says that it is OpenVINO's in bf16, and its vectors get the noise that
docs/decisions/encoder.md measured, the same for the same photo.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookseek.encode import model
from lookseek.encode.tower import Tower

NOISE = 0.11
"""Length of the noise as a share of the vector's: 1 - cosine is half its square, .006, the worst of 300 photos."""

SMALL = 64
"""Numbers a vector up to which only the rounding to 8 bits counts: graphs of tests have no layers that add it up."""

_open_tower = model.open_tower


def emulate() -> None:
    """Replaces how models open their towers, in this process."""
    model.open_tower = _open_as_bf16  # type: ignore[assignment]


def _open_as_bf16(onnx: bytes, *, single: bool, **how: Any) -> Tower:
    tower = _open_tower(onnx, single=single, **how)
    if single or how.get("runtime") or os.environ.get("LOOKSEEK_RUNTIME") or tower.precision != "fp32":
        return tower
    return replace(tower, runtime="openvino", precision="bf16", run=lambda batch: _noisy(tower.run(batch)))


def _noisy(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (n, dim) with the noise of bf16."""
    if rows.shape[1] <= SMALL:
        return (rows.view(np.uint32) + 0x8000 & 0xFFFF0000).view(np.float32)
    made = rows.copy()
    for row in made:
        # Of rounded numbers: a photo's noise does not depend on what stands beside it in its batch.
        seed = np.round(row / np.abs(row).max(), 2).tobytes()
        noise = np.random.default_rng(list(seed[:64])).standard_normal(len(row))
        row += NOISE * np.linalg.norm(row) / np.linalg.norm(noise) * noise
    return made
