"""Rows of JSON lines: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from ..types import Skipped
from .bounds import check_columns
from .lines import read_lines

__all__ = ["JsonRows"]


class JsonRows:
    """A file of JSON lines. Implements ``rows.Rows``."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self._path = path
        names: dict[str, None] = {}
        for row in self.read(()):
            if not isinstance(row, Skipped):
                names.update(dict.fromkeys(row[1]))
                check_columns(path, len(names))
        self.columns = tuple(names)
        self.left_out: tuple[str, ...] = ()

    def read(self, raw_columns: Collection[str]) -> Iterator[tuple[int, dict[str, object]] | Skipped]:
        """Stream the rows, see ``rows.Rows``."""
        for number, line in enumerate(read_lines(self._path), start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Skipped(f"line {number}", "broken row", f"line {number} is no JSON ({error}): mend it")
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                kind = type(row).__name__
                reason = f"line {number} holds a JSON {kind}: write one object with the columns' names a line"
                yield Skipped(f"line {number}", "broken row", reason)
