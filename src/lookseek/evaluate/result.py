"""The result file: figures that say how they were made."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import ResultError

__all__ = ["Figure", "Result", "read_result", "short_commit", "source_commit"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Args:
        value: the mean over queries, or over strata.
        low, high: its 95 % bootstrap interval over units: queries on one photo count as one.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """The figures of one system on one benchmark.

    Args:
        benchmark: its name.
        protocol: which of the benchmark's ways of asking.
        split: the part that asked.
        gallery_size: photos that were searched; summed over strata.
        gallery_hash: of their ids and of what is right: two results with the same one had the same gallery, queries
            and truth.
        queries: how many queries; summed over strata.
        missing: ids of photos that the benchmark names and that could not be had or read. Where there are any, the
            figures compare with no other.
        metrics: name to figure; the headline bare, parts behind a slash.
        model: name, checksum and all else that made the vectors.
        seed: of the bootstrap and of what was drawn.
        commit: of lookseek's source; "" where it is not known.
        took_s: seconds.
    """

    benchmark: str
    protocol: str
    split: str
    gallery_size: int
    gallery_hash: str
    queries: int
    missing: tuple[str, ...]
    metrics: Mapping[str, Figure]
    model: Mapping[str, str | float]
    seed: int
    commit: str
    took_s: float

    def to_json(self) -> str:
        """Return the content of the result file."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


def read_result(path: Path) -> Result:
    """Read what ``lookseek evaluate --json`` wrote.

    Raises:
        ResultError: not there, or no such file.
    """
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        figures = {str(name): Figure(**figure) for name, figure in read.pop("metrics").items()}
        missing = tuple(str(id) for id in read.pop("missing"))
        result = Result(**read, metrics=figures, missing=missing)
    except OSError as error:
        raise ResultError(f"{path} can't be read ({error.strerror}): give what evaluate --json wrote") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResultError(f"{path} is no result file ({error}): give what evaluate --json wrote") from error
    _check(result, path)
    return result


def _check(result: Result, path: Path) -> None:
    wanted: dict[str, type | tuple[type, ...]] = {
        "benchmark": str, "protocol": str, "split": str, "gallery_size": int, "gallery_hash": str, "queries": int,
        "model": dict, "seed": int, "commit": str, "took_s": (int, float),
    }  # fmt: skip
    for name, kind in wanted.items():
        value: Any = getattr(result, name)
        if not isinstance(value, kind) or (isinstance(value, int | float) and value < 0):
            raise ResultError(f"{path} is no result file ({name} is {value!r}): give what evaluate --json wrote")
    for name, figure in result.metrics.items():
        numbers = asdict(figure).values()
        if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
            raise ResultError(f"{path}: the figure {name} is {asdict(figure)}, not three numbers: measure again")


def short_commit(commit: str) -> str:
    """Return a commit as people read it, with its mark if files differed from it.

    >>> short_commit("0123456789abcdef0123456789abcdef01234567-dirty")
    '0123456789ab-dirty'
    """
    hash, mark, dirty = commit.partition("-")
    return f"{hash[:12]}{mark}{dirty}" if commit else "unknown"


@cache
def source_commit() -> str:
    """Return the commit of lookseek's source, with "-dirty" if files differ; "" where it runs from no checkout."""
    top = Path(__file__).parents[3]
    if not (top / ".git").exists() or not (top / "src" / "lookseek").is_dir():
        return ""
    command = ["git", "-C", str(top), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        # without its optional lock git writes nothing, so it can't be in the way of a commit
        quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10, env=quiet)  # noqa: S603
    except (OSError, subprocess.SubprocessError):  # no git, or a repository that isn't ours
        return ""
    return said.stdout.strip()
