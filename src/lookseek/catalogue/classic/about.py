"""``all_features.json``: how the features beside it were made, and the checksums that make one set of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...errors import CatalogueError
from ...types import Metric
from .files import ABOUT, FEATURES, NAMES

__all__ = ["About", "Made", "is_ours", "read_about", "write_about"]

FORMAT = 1
"""Of all_features.json. A newer one is refused instead of being misread."""

_LARGEST = 1 << 20
"""Bytes; ours has 2,000."""


@dataclass(frozen=True, slots=True)
class Made:
    """How the vectors of a source were made. Text is "" where nobody knows.

    Args:
        dim: length of the model's vectors.
        unit: whether they have length 1; else they are as the model gave them.
        metric: "euclidean" where an index that searches by distance wrote them.
        model: the model's name.
        checksum: the model's.
        runtime: what ran it, with its precision.
        colour: version of the colour encoder; "" where there are no colours.
    """

    dim: int
    unit: bool
    metric: Metric = "cosine"
    model: str = ""
    checksum: str = ""
    runtime: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What ``all_features.json`` says.

    Args:
        made: how the vectors were made.
        items: how many rows.
        label: the attribute that the labels stand for; "" without labels.
        classes: how many classes there are.
        source: the catalogue of the index that was exported, for people.
        files: name to (size in bytes, SHA-256 hex) of every file of the set.
    """

    made: Made
    items: int
    label: str
    classes: int
    source: str
    files: Mapping[str, tuple[int, str]]


def write_about(about: About) -> bytes:
    """The file's content. Nothing in it depends on when or where it was written."""
    rest = asdict(about)
    flat = {"lookseek": FORMAT, **rest.pop("made"), **rest}
    return (json.dumps(flat, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def is_ours(folder: Path) -> bool:
    """Whether lookseek wrote the features of a folder, also where an export was cut off."""
    try:
        return isinstance(_parsed(folder / ABOUT), dict)
    except CatalogueError:
        return False


def read_about(folder: Path) -> About | None:
    """What is said of the features in a folder, after comparing every file with its checksum; None if nothing is.

    Raises:
        CatalogueError: the file can't be read or is a newer lookseek's, or a file is not what it says.
    """
    file = folder / ABOUT
    if not file.exists():
        return None
    stored = _parsed(file)
    if stored["lookseek"] != FORMAT:
        raise CatalogueError(f"{file} has format {stored['lookseek']}, this lookseek reads {FORMAT}: update lookseek")
    try:
        made = Made(**{name: _typed(stored, name, kind) for name, kind in _MADE.items()})
        rest = {name: _typed(stored, name, kind) for name, kind in _REST.items()}
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in stored["files"].items()}
        about = About(made=made, files=files, **rest)
        if made.metric not in ("cosine", "euclidean") or FEATURES not in files or not set(files) <= set(NAMES):
            raise ValueError("a metric or files that lookseek does not know")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CatalogueError(f"{file} lacks what it should say ({error}): {_REMEDY}") from error
    for name, expected in about.files.items():
        _compare(folder / name, expected, file)
    return about


_MADE = {
    "dim": int,
    "unit": bool,
    "metric": str,
    "model": str,
    "checksum": str,
    "runtime": str,
    "colour": str,
}
_REST = {"items": int, "label": str, "classes": int, "source": str}
_REMEDY = f"export the index again, or remove {ABOUT} and all_items.jsonl to take the arrays as they are"


def _parsed(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST:
            raise CatalogueError(f"{file} has {file.stat().st_size:,} bytes, {_LARGEST:,} are allowed: {_REMEDY}")
        stored = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogueError(f"{file} can't be read ({error}): {_REMEDY}") from error
    if not isinstance(stored, dict) or type(stored.get("lookseek")) is not int:
        raise CatalogueError(f"{file} was not written by lookseek: move it away to take the arrays as they are")
    return stored


def _typed(stored: Mapping[str, Any], name: str, kind: type) -> Any:
    if type(stored[name]) is not kind:
        raise ValueError(f"{name} is {stored[name]!r}")
    return stored[name]


def _compare(path: Path, expected: tuple[int, str], file: Path) -> None:
    try:
        with path.open("rb") as opened:
            size = path.stat().st_size
            same = size == expected[0] and hashlib.file_digest(opened, "sha256").hexdigest() == expected[1]
        state = "is not what it was"
    except FileNotFoundError:
        same, state = False, "is missing"
    except OSError as error:
        same, state = False, f"can't be read ({error.strerror or error})"
    if not same:
        raise CatalogueError(
            f"{path} {state} when {file.name} was written: an export was cut off, or a file changed: {_REMEDY}"
        )
