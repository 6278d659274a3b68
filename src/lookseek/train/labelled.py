"""Photos with a class: from the folder ``clothing``, FashionIQ's layout, or any catalogue with a column of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..catalogue import open_catalogue
from ..catalogue.clothing import UNCLEAR, read_clothing
from ..catalogue.fashioniq import CATEGORIES, find_photos, read_image_ids
from ..errors import TrainError
from ..progress import Progress
from ..types import Item, Photo, Skipped

__all__ = ["SPLITS", "Example", "LabelledPhotos", "read_labelled", "split_of_id"]

SPLITS = ("train", "val", "test")
"""What is learned from, what the best epoch is chosen on, what is measured once at the end."""

DRAWN_VAL, DRAWN_TEST = 10, 10
"""Per cent of the items of a table without a column ``split`` that become val and test, by the hash of their ids."""


@dataclass(frozen=True, slots=True)
class Example:
    """One photo to learn from or to be measured on.

    Args:
        id: unique among all splits.
        photo: not decoded.
        label: row of the class.
    """

    id: str
    photo: Photo
    label: int


@dataclass(frozen=True, slots=True)
class LabelledPhotos:
    """Photos with classes, in three splits.

    Args:
        classes: names, in the order of the labels.
        splits: ``SPLITS`` to the examples; train and val hold at least one.
        label: what the classes come from.
        notes: what a reader of the figures must know, a sentence each.
    """

    classes: tuple[str, ...]
    splits: Mapping[str, tuple[Example, ...]]
    label: str
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Hex SHA-256 of ids, classes and splits: of other photos another training."""
        lines = (f"{split}\t{self.classes[e.label]}\t{e.id}" for split in SPLITS for e in self.splits[split])
        return sha256("\n".join(lines).encode()).hexdigest()


_Row = tuple[str, Photo, str, str]
"""Id, photo, class, split; split "" where the source has none."""


def read_labelled(data: str, label: str, progress: Progress) -> LabelledPhotos:
    """Read photos with classes.

    Args:
        data: the folder ``clothing`` (items.csv and images/), a folder in FashionIQ's layout (image_splits/ and
            photos), or whatever ``open_catalogue`` opens: a table, a folder of photos, drawn garments.
        label: the column of the class; "" for ``category``. FashionIQ's classes are its categories.
        progress: notified of what is left out.

    Returns:
        The photos. Their classes are those of train, by name; photos of other classes are left out.

    Raises:
        TrainError: nothing to learn from: no such column, no photos, or fewer than two classes.
        CatalogueError: the source can't be read.
    """
    folder = Path(data)
    if (folder / "image_splits").is_dir():
        if label:
            raise TrainError(f"{data} is in FashionIQ's layout, whose classes are its categories: leave --label out")
        rows, column = _fashioniq(folder, progress), "category"
    elif (folder / "items.csv").is_file() and (folder / "images").is_dir():
        column = label or "category"
        rows = _clothing(folder, column)
    else:
        column = label or "category"
        rows = _catalogue(data, column, progress)
    return _labelled(data, column, rows, progress)


def _fashioniq(folder: Path, progress: Progress) -> list[_Row]:
    rows: list[_Row] = []
    named = 0
    for split in SPLITS:
        for category in CATEGORIES:
            if not (folder / "image_splits" / f"split.{category}.{split}.json").is_file():
                continue
            ids = read_image_ids(folder, category, split)
            found = find_photos(folder, ids)
            named += len(ids)
            rows += [(f"{category}/{id}", found[id], category, split) for id in ids if id in found]
            for id in ids:
                if id not in found:
                    progress.skipped(Skipped(id, "missing photo", f"{folder} has no photo of {id}: fetch it"))
    if not rows:
        raise TrainError(
            f"{folder} has no photo of the {named:,} images that image_splits/ names: put them into {folder / 'images'}"
        )
    return rows


def _clothing(folder: Path, column: str) -> list[_Row]:
    if column not in ("category", "label"):
        raise TrainError(f"{folder} has the classes category (3) and label (17), not {column!r}: name one with --label")
    items = read_clothing(folder, "train")
    classes = ((item, item.category if column == "category" else item.label) for item in items)
    return [(item.id, item.path, name, item.split) for item, name in classes if name and name not in UNCLEAR]


def _catalogue(data: str, column: str, progress: Progress) -> list[_Row]:
    rows: list[_Row] = []
    seen: Counter[str] = Counter()
    for entry in open_catalogue(data):
        if isinstance(entry, Skipped):
            progress.skipped(entry)
        elif entry.image is not None:
            seen.update(entry.attributes)
            if column in entry.attributes:
                split = str(entry.attributes.get("split", ""))
                rows.append((entry.id, _photo(entry), str(entry.attributes[column]), split))
    if not rows:
        columns = ", ".join(sorted(name for name, _ in seen.most_common(20))) or "none"
        raise TrainError(f"no item of {data} has a {column!r}: name the column of the class with --label, of {columns}")
    return rows


def _photo(item: Item) -> Photo:
    assert item.image is not None  # for mypy: the caller checks it
    return item.image


def _labelled(data: str, column: str, rows: list[_Row], progress: Progress) -> LabelledPhotos:
    notes = []
    if not any(split for *_, split in rows):
        rows = [(id, photo, name, split_of_id(id)) for id, photo, name, _ in rows]
        notes.append(
            f"{data} has no column split: {DRAWN_VAL} % of its items are val and {DRAWN_TEST} % test, by their ids: "
            "views of one garment can stand on both sides."
        )
    known = sorted({name for *_, name, split in rows if split == "train"})
    if len(known) < 2:
        raise TrainError(f"{data} has {len(known)} classes of {column!r} in its split train: it takes two or more")
    place = {name: number for number, name in enumerate(known)}
    splits: dict[str, list[Example]] = {split: [] for split in SPLITS}
    for id, photo, name, split in rows:
        if split in splits and name in place:
            splits[split].append(Example(id, photo, place[name]))
        elif split not in splits:
            progress.skipped(
                Skipped(id, "unknown split", f"{id} is of the split {split!r}, not of {', '.join(SPLITS)}")
            )
        else:
            progress.skipped(Skipped(id, "unknown class", f"{id} is a {name!r}, a class that train does not have"))
    if not splits["val"]:
        rest, splits["train"] = splits["train"], []
        for example in rest:
            splits["val" if split_of_id(example.id) == "val" else "train"].append(example)
        notes.append(f"{data} has no split val: {DRAWN_VAL} % of train are it, by their ids.")
    _check(data, splits)
    return LabelledPhotos(tuple(known), {name: tuple(some) for name, some in splits.items()}, column, tuple(notes))


def _check(data: str, splits: Mapping[str, Iterable[Example]]) -> None:
    sizes = {name: len(list(some)) for name, some in splits.items()}
    if sizes["train"] < 2 or sizes["val"] < 1:
        counts = ", ".join(f"{size:,} of {name}" for name, size in sizes.items())
        raise TrainError(f"{data} has {counts}: it takes two photos of train and one of val, add some")


def split_of_id(id: str) -> str:
    """Return the split of an id: the same whatever else there is, so that a grown table keeps its test photos."""
    share = int.from_bytes(sha256(id.encode()).digest()[:4]) % 100
    return "val" if share < DRAWN_VAL else "test" if share < DRAWN_VAL + DRAWN_TEST else "train"
