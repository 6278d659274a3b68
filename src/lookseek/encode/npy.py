"""Reads an array of a model folder: no memory is allocated by a size that only its header claims."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

__all__ = ["read_npy"]

_MAGIC = b"\x93NUMPY\x01\x00"
"""NPY format 1.0, whose header is bounded to 64 KB. Source: numpy.lib.format."""


def read_npy(content: bytes, dtype: str, where: str) -> NDArray[Any]:
    """Return the array of a file of numpy.

    Args:
        content: of the file.
        dtype: of its numbers, with the order of their bytes, e.g. ``<f4``; in C order.
        where: the file, for messages.

    Raises:
        ModelError: it is no such array, of another dtype or order, or has more or fewer numbers than its header says.
    """
    stream = io.BytesIO(content)
    try:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise ValueError("it begins otherwise")
        shape, fortran, found = np.lib.format.read_array_header_1_0(stream)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        reason = str(error).splitlines()[0][:120]
        raise ModelError(f"{where} is no array of numpy ({reason}): export the run again") from error
    wanted, body = np.dtype(dtype), content[stream.tell() :]
    if fortran or found != wanted:
        raise ModelError(f"{where} holds {found} {shape}, not {wanted} in C order: export the run again")
    if len(body) != wanted.itemsize * math.prod(shape):
        raise ModelError(
            f"{where} has {len(body):,} bytes of numbers, not the {wanted.itemsize * math.prod(shape):,} of {shape}: "
            "export the run again"
        )
    return np.frombuffer(body, wanted).reshape(shape)
