"""FashionIQ's files: captions that people wrote of how one garment differs from another.

    captions/cap.dress.val.json              triplets: a candidate, two captions of a change, the target
    image_splits/split.dress.val.json        ids of all images of a category and split
    image_captions/image_captions_dress_val.json     a caption of each image, written by a machine (not official)
    images/B0084Y8XIU.jpg                    photos

The first two are official (github.com/XiaoxiaoGuo/fashion-iq, CDLA); the captions of images are those that
github.com/haokunwen/DQU-CIR made with BLIP-2. The repository has no photos: it points to lists of addresses
(github.com/hongwang600/fashion-iq-metadata, ``image_url/``), of which thousands are dead: one who tried in 2021
missed 19,087 photos. Copies that people share are told in issue 18 of XiaoxiaoGuo/fashion-iq and in the readme of
DQU-CIR; some of them are said to lack photos too. So whoever measures must say which photos were missing.

Other data in this layout, such as myntra's triplets, are read alike.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from ..errors import CatalogueError

__all__ = [
    "CATEGORIES",
    "Triplet",
    "find_photos",
    "read_image_captions",
    "read_image_ids",
    "read_triplets",
]

CATEGORIES = ("dress", "shirt", "toptee")

NAMES = {
    "captions": "cap.{}.{}.json",
    "image_splits": "split.{}.{}.json",
    "image_captions": "image_captions_{}_{}.json",
}
"""Folder to the name of its files, of category and split."""

SUFFIXES = (".jpg", ".jpeg", ".png")
"""Of photos; where there are several of one id, the first of these counts."""


@dataclass(frozen=True, slots=True)
class Triplet:
    """A change from one garment to another, in the words of two people.

    Args:
        candidate: id of the photo that is changed, which papers call the reference.
        target: id of the photo that shows the change; "" where the file hides it, as the official test split does.
        captions: what the two wrote, as the file has it; one may be empty.
    """

    candidate: str
    target: str
    captions: tuple[str, str]

    @property
    def bare(self) -> tuple[str, str]:
        """The captions without punctuation at their ends, runs of blanks as one blank."""
        first, second = (" ".join(caption.split()).strip(".?, ") for caption in self.captions)
        return first, second

    @property
    def joined(self) -> str:
        """Both captions as one change, the form that is usual for validation.

        Empty captions are joined too. CLIP reads the text the same with runs of blanks and without.

        Source: github.com/ABaldrati/CLIP4Cir, ``src/validate.py``, ``generate_fiq_val_predictions``.

        >>> Triplet("a", "b", ("is shorter.", "Has a V neck")).joined
        'Is shorter and Has a V neck'
        """
        first, second = self.bare
        return f"{first.capitalize()} and {second}"


def read_triplets(folder: Path, category: str, split: str) -> list[Triplet]:
    """Read the triplets of a category and split, in the order of the file.

    Raises:
        CatalogueError: there is no such file, or it is no JSON list of candidate, target and two captions.
    """
    path, entries = _entries(folder, "captions", category, split)
    return [_triplet(entry, f"{path} entry {number}") for number, entry in enumerate(entries)]


def read_image_ids(folder: Path, category: str, split: str) -> list[str]:
    """Read the ids of all images of a category and split, each once, in the order of the file.

    Raises:
        CatalogueError: there is no such file, or it is no JSON list of ids, or has one twice.
    """
    path, entries = _entries(folder, "image_splits", category, split)
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries):
        if not _is_text(entry) or not entry:
            raise CatalogueError(f"{path} entry {number}: {entry!r} is no id: ids are texts that are not empty")
        if entry in seen:
            raise CatalogueError(f"{path} entries {seen[entry]} and {number} are both {entry!r}: remove one")
        seen[entry] = number
    return list(seen)


def read_image_captions(folder: Path, category: str, split: str) -> dict[str, str]:
    """Read the captions of the images of a category and split, by id.

    Raises:
        CatalogueError: there is no such file, or it is no JSON object of texts.
    """
    path, found = _read(folder, "image_captions", category, split)
    if not isinstance(found, dict):
        raise CatalogueError(f"{path} holds {type(found).__name__}, not an object of id to caption: fetch it again")
    for id, caption in found.items():
        if not id or not _is_text(id) or not _is_text(caption):
            raise CatalogueError(f"{path}: {id!r} has the caption {caption!r}: both must be texts, the id not empty")
    return found


def find_photos(folder: Path, ids: Collection[str]) -> dict[str, Path]:
    """Find the photo of each id.

    The folders ``images``, ``dress``, ``shirt`` and ``toptee``, and ``images`` beside the folder, are listed once each;
    the first that has an id counts.

    Args:
        folder: the one that holds ``captions``.
        ids: of photos.

    Returns:
        Id to file, in the order of ``ids``, without ids that have no file.

    Raises:
        CatalogueError: a folder that is there can't be read.
    """
    wanted = set(ids)
    found: dict[str, Path] = {}
    for photos in (folder / "images", *(folder / name for name in CATEGORIES), folder.absolute().parent / "images"):
        if not photos.is_dir():
            continue
        here: dict[str, tuple[int, Path]] = {}
        try:
            files = list(photos.iterdir())
        except OSError as error:
            raise CatalogueError(f"the folder {photos} can't be read ({error.strerror}): check its rights") from error
        for file in files:
            suffix = file.suffix.lower()
            if file.stem in wanted and suffix in SUFFIXES:
                entry = (SUFFIXES.index(suffix), file)
                here[file.stem] = min(here.get(file.stem, entry), entry)
        found = {id: file for id, (_, file) in here.items()} | found
    return {id: found[id] for id in dict.fromkeys(ids) if id in found}


def _triplet(entry: object, where: str) -> Triplet:
    if not isinstance(entry, dict):
        raise CatalogueError(f"{where} is {type(entry).__name__}, not an object with candidate, target and captions")
    candidate, target, captions = entry.get("candidate"), entry.get("target", ""), entry.get("captions")
    if not _is_text(candidate) or not candidate:
        raise CatalogueError(f"{where}: the candidate is {candidate!r}: it must be a text that is not empty")
    if not _is_text(target):
        raise CatalogueError(f"{where}: the target is {target!r}: it must be a text")
    if not isinstance(captions, list) or len(captions) != 2 or not all(map(_is_text, captions)):
        raise CatalogueError(f"{where}: the captions are {captions!r}: they must be a list of two texts")
    return Triplet(candidate, target, (captions[0], captions[1]))


def _entries(folder: Path, kind: str, category: str, split: str) -> tuple[Path, list[object]]:
    path, found = _read(folder, kind, category, split)
    if not isinstance(found, list):
        raise CatalogueError(f"{path} holds {type(found).__name__}, not a list: fetch it again")
    return path, found


def _read(folder: Path, kind: str, category: str, split: str) -> tuple[Path, object]:
    """Return the path and content of a JSON file."""
    path = folder / kind / NAMES[kind].format(category, split)
    if not path.parent.is_dir():
        raise CatalogueError(f"{path.parent}: there is no such folder: give the one that holds captions/ and the like")
    if not path.is_file():
        start, end = NAMES[kind].format(category, "\0").split("\0")
        there = sorted(file.name[len(start) : -len(end)] for file in path.parent.glob(f"{start}*{end}"))
        splits = f"the splits {', '.join(there)}" if there else "none"
        raise CatalogueError(f"{path}: there is no such file: of {category} there are {splits}")
    try:
        return path, json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CatalogueError(f"{path} can't be read as JSON ({error}): fetch it again") from error


def _is_text(value: object) -> TypeGuard[str]:
    """Return whether it is a text that UTF-8 can hold: JSON can hold lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
