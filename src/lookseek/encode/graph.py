"""A small ONNX graph beside the image tower: it projects a text's vector into the photos' space, or composes vectors.

ONNX Runtime runs it in one thread: it is tiny, or it works on one text at a time. It is opened at its first use, so
that a search by photo does not load it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..types import Vectors
from .runtime import Port, open_session

__all__ = ["Graph"]

_OUTPUT = "vectors"


class Graph:
    """Named inputs to ``vectors``, float32 (n, dim)."""

    def __init__(
        self,
        onnx: bytes,
        where: str,
        dim: int,
        inputs: Mapping[str, tuple[str, int]],
        optional: frozenset[str] = frozenset(),
    ) -> None:
        """Keep a graph without opening it.

        Args:
            onnx: the file's content, checked: no weights outside it.
            where: the file's name, for messages.
            dim: of its vectors.
            inputs: name to dtype and second dimension of the inputs that it may have; the first is the number of rows.
            optional: inputs that it may lack.
        """
        self._onnx, self._where, self._dim = onnx, where, dim
        self._inputs, self._optional = inputs, optional
        self._opening = threading.Lock()

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Vectors:
        """Run the graph. Any thread may call.

        Args:
            inputs: name to array, all of n rows; arrays that the graph has no input for are ignored.

        Returns:
            float32 (n, dim), C order.

        Raises:
            ModelError: it can't be loaded, fails, has another shape, or returns numbers that are not finite.
        """
        with self._opening:
            session, names = self._session
        try:
            out: NDArray[Any] = session.run([_OUTPUT], {name: inputs[name] for name in names})[0]
        except Exception as error:  # each status of the runtime is a class of its own, right under Exception
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(f"{self._where} fails ({reason}): export it again") from error
        rows = len(next(iter(inputs.values())))
        if out.shape != (rows, self._dim) or out.dtype != np.float32:
            raise ModelError(
                f"{self._where} gave {out.dtype} of shape {out.shape}, the model's vectors are float32 "
                f"({rows}, {self._dim}): export it again with an open number of rows"
            )
        if not np.isfinite(out).all():
            raise ModelError(f"{self._where} gave numbers that are not finite: export it again in fp32")
        return np.ascontiguousarray(out)

    @cached_property
    def _session(self) -> tuple[Any, tuple[str, ...]]:
        session, inputs, outputs = open_session(self._onnx, threads=1, where=self._where)
        for port in inputs:
            self._check(port)
        names = tuple(port.name for port in inputs)
        if lacking := sorted(set(self._inputs) - set(names) - self._optional):
            raise ModelError(f"{self._where} lacks the input {lacking[0]}: export it again with {self._expected()}")
        if _OUTPUT not in {port.name for port in outputs}:
            raise ModelError(f"{self._where} gives {[p.name for p in outputs]}: call its output {_OUTPUT!r}")
        return session, names

    def _check(self, port: Port) -> None:
        if port.name not in self._inputs:
            raise ModelError(f"{self._where} asks for {port.name!r}: export it again with {self._expected()}")
        dtype, columns = self._inputs[port.name]
        fits = len(port.shape) == 2 and port.shape[0] is None and port.shape[1] in (None, columns)
        if port.dtype != dtype or not fits:
            raise ModelError(
                f"{self._where} takes {port.dtype} {port.shape} as {port.name!r}: export it again with "
                f"{self._expected()}"
            )

    def _expected(self) -> str:
        return ", ".join(f"{name} {dtype} (n, {columns})" for name, (dtype, columns) in self._inputs.items())
