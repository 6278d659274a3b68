"""A small graph beside the image tower: what brings a text's vector into the photos' space, or joins two vectors.

ONNX Runtime runs it in one thread: it is tiny, or it works on one text at a time. It is opened when it is first
asked, so that a search by photo pays nothing for it.
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
        """Takes a graph, not yet opened.

        Args:
            onnx: the file's content, checked: no weights outside it.
            where: the file's name, for messages.
            dim: of its vectors.
            inputs: name to dtype and second dimension of all that it may ask for; the first is the number of rows.
            optional: those that it need not have.
        """
        self._onnx, self._where, self._dim = onnx, where, dim
        self._inputs, self._optional = inputs, optional
        self._opening = threading.Lock()

    def run(self, given: Mapping[str, NDArray[Any]]) -> Vectors:
        """Runs it. Any thread may call.

        Args:
            given: name to array, all of n rows; those that the graph does not ask for are left out.

        Returns:
            float32 (n, dim), C order.

        Raises:
            ModelError: it can't be loaded, fails, is of another shape, or gives numbers that are not finite.
        """
        with self._opening:
            session, names = self._session
        try:
            out: NDArray[Any] = session.run([_OUTPUT], {name: given[name] for name in names})[0]
        except Exception as error:  # each status of the runtime is a class of its own, right under Exception
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(f"{self._where} fails ({said}): export it again") from error
        rows = len(next(iter(given.values())))
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
            raise ModelError(f"{self._where} lacks the input {lacking[0]}: export it again with {self._said()}")
        if _OUTPUT not in {port.name for port in outputs}:
            raise ModelError(f"{self._where} gives {[p.name for p in outputs]}: call its output {_OUTPUT!r}")
        return session, names

    def _check(self, port: Port) -> None:
        if port.name not in self._inputs:
            raise ModelError(f"{self._where} asks for {port.name!r}: export it again with {self._said()}")
        dtype, columns = self._inputs[port.name]
        fits = len(port.shape) == 2 and port.shape[0] is None and port.shape[1] in (None, columns)
        if port.dtype != dtype or not fits:
            raise ModelError(
                f"{self._where} takes {port.dtype} {port.shape} as {port.name!r}: export it again with {self._said()}"
            )

    def _said(self) -> str:
        return ", ".join(f"{name} {dtype} (n, {columns})" for name, (dtype, columns) in self._inputs.items())
