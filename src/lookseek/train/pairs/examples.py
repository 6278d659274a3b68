"""The photos that a matcher learns from: what pairs show one thing.

A folder may hold ``myntra/`` (photos of one design match, whatever their colour) and ``ccp/`` (streets behind the
strong views). Drawn garments, of which each design has several views, join them. Of every fourth photo there is a
strong view (``adapt/views.py``), of every second drawn view a cluttered or turned one; such views ask, none is found.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from ... import images
from ...catalogue.ccp import read_street
from ...catalogue.drawn import DrawnPhotos, split_specs
from ...catalogue.myntra import read_catalogue
from ...errors import TrainError
from ...evaluate.distortions.distort import distort
from ...types import Photo, Pixels
from ..adapt.views import strong_view
from .settings import PairSettings

__all__ = ["DRAWN", "PairExamples", "PairView", "read_examples"]

DRAWN = "drawn"
"""In place of a folder: drawn garments alone."""

VAL_SHARE = 4
"""Photos of train for one of val."""

_STRONG_EVERY, _TURNED_EVERY = 4, 2
_MOST = 6
"""Photos of one design."""
_SIZE, _VIEWS = 224, 4
_DISTORTIONS = ("clutter", "rotate")
_LEAST, _MOST_STRENGTH = 0.2, 1.0


@dataclass(frozen=True, slots=True)
class PairView:
    """One view.

    Args:
        id: unique in its split.
        item: what it shows: views of one item match.
        photo: key of the photo.
        view: how it is changed: "" as it is, "strong", or a distortion.
    """

    id: str
    item: str
    photo: str
    view: str = ""


class PairExamples:
    """The views of one split, in order.

    Args:
        items: the views.
        shop: photos of the shop by id.
        drawn: drawn photos by id.
        backgrounds: photos of streets.
    """

    def __init__(
        self,
        items: tuple[PairView, ...],
        shop: dict[str, bytes],
        drawn: DrawnPhotos,
        backgrounds: tuple[Photo, ...],
    ) -> None:
        self.items, self._shop, self._drawn, self._backgrounds = items, shop, drawn, backgrounds

    def __len__(self) -> int:
        return len(self.items)

    def pixels(self, row: int) -> Pixels:
        """Return a view, uint8 (height, width, 3).

        Raises:
            ItemError: the photo can't be decoded.
        """
        item = self.items[row]
        pixels = images.decode(self._shop[item.photo] if item.photo in self._shop else self._drawn[item.photo])
        chance = Random(item.id)  # noqa: S311
        if item.view == "strong":
            return strong_view(pixels, chance, self._backgrounds)
        if item.view:
            strength = chance.uniform(_LEAST, _MOST_STRENGTH)
            return distort(pixels, item.view, strength, seed=chance.randrange(2**30), photo=item.photo)
        return pixels

    @property
    def groups(self) -> NDArray[np.int64]:
        """Return the number of each view's item, int64 (n,)."""
        return np.unique([item.item for item in self.items], return_inverse=True)[1].astype(np.int64)

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Return which views are as a gallery has them, bool (n,); the others only ask."""
        return np.array([not item.view for item in self.items], np.bool_)

    @property
    def content(self) -> str:
        """Hex SHA-256 of what is learned from: with another one it is another training."""
        digest = sha256(f"{len(self._backgrounds)}\n".encode())
        for item in self.items:
            size = len(self._shop.get(item.photo, b""))
            digest.update(f"{item.id}\t{item.item}\t{item.photo}\t{item.view}\t{size}\n".encode())
        return digest.hexdigest()


def read_examples(data: str, split: str, settings: PairSettings) -> PairExamples:
    """Read a split.

    Args:
        data: a folder that holds ``myntra/`` (and may hold ``ccp/``), or is ``myntra/`` itself; or the word drawn.
        split: train, or val, which has a quarter as many.
        settings: how many photos and drawn designs.

    Raises:
        TrainError: the folder has no designs to learn from, or nothing is asked for.
        CatalogueError: its tables can't be read.
    """
    share = 1 if split == "train" else VAL_SHARE
    shop, items = _designs(data, split, settings.photos // share, settings.seed)
    specs = split_specs(split, settings.drawn // share, _VIEWS)
    items += [PairView(id, spec.item_id, id) for id, spec in specs.items()]
    for number, (id, spec) in enumerate(specs.items()):
        if number % _TURNED_EVERY == 0:
            way = _DISTORTIONS[number // _TURNED_EVERY % len(_DISTORTIONS)]
            items.append(PairView(f"{id}~{way}", spec.item_id, id, way))
    if not items:
        raise TrainError(f"there is nothing to learn from in {split}: give more photos, or drawn garments (--drawn)")
    return PairExamples(tuple(items), shop, DrawnPhotos(specs, _SIZE), _streets(data) if shop else ())


def _designs(data: str, split: str, count: int, seed: int) -> tuple[dict[str, bytes], list[PairView]]:
    """Return photos of designs that have several, by id, and their views: all of a design, until there are enough."""
    if data == DRAWN or not count:
        return {}, []
    places = (Path(data), Path(data) / "myntra")
    folder = next((path for path in places if (path / "catalogue.parquet").is_file()), None)
    if folder is None:
        raise TrainError(
            f"{data} has no designs to learn from: give a folder with myntra/ (catalogue.parquet), or the word {DRAWN}"
        )
    designs = defaultdict(list)
    for article in read_catalogue(folder, split):
        if article.design:
            designs[article.design].append(article)
    names = sorted(name for name, some in designs.items() if len(some) > 1)
    chance = Random(seed)  # noqa: S311
    chance.shuffle(names)
    shop: dict[str, bytes] = {}
    views = []
    for name in names:
        if len(shop) >= count:
            break
        for article in chance.sample(designs[name], min(_MOST, len(designs[name]))):
            shop[article.id] = article.image
            views.append(PairView(article.id, name, article.id))
    strong = [PairView(f"{view.id}~strong", view.item, view.photo, "strong") for view in views[::_STRONG_EVERY]]
    return shop, views + strong


def _streets(data: str) -> tuple[Photo, ...]:
    """Return the photos of streets of train, which stand behind strong views; none where there are none."""
    folder = next((path for path in (Path(data) / "ccp", Path(data).parent / "ccp") if path.is_dir()), None)
    if folder is None or not (folder / "items.csv").is_file():
        return ()
    return tuple(photo.path for photo in read_street(folder, "train") if photo.path.is_file())
