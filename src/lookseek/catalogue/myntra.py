"""Reads one split of the myntra shop's ``catalogue.parquet``, photos included, for benchmarks and recipes.

The photos are product shots of Myntra, an Indian shop, published on Kaggle (fashion-product-images-small, by Param
Aggarwal, who states the licence MIT). The columns ``design`` and ``split`` were added: every design is in one split.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import CatalogueError
from ..types import Skipped
from .parquet import ParquetRows

__all__ = ["MyntraItem", "read_catalogue", "splits_of"]

TEXTS = ("title", "articleType", "category", "gender", "baseColour", "design")
COLUMNS = ("id", *TEXTS, "image", "split")


@dataclass(frozen=True, slots=True)
class MyntraItem:
    """One article of the shop.

    Args:
        id: unique in its split.
        title: in English; other articles may have the same.
        article_type: e.g. "Kurtas".
        category: dress, shirt, toptee, or "" for all else.
        gender: e.g. "Women".
        base_colour: e.g. "Navy Blue"; a noisy label.
        design: article type and title without its colour words: items of one design differ in colour, and often in
            more than that.
        image: the photo, not decoded.
    """

    id: str
    title: str
    article_type: str
    category: str
    gender: str
    base_colour: str
    design: str
    image: bytes


def read_catalogue(folder: Path, split: str) -> list[MyntraItem]:
    """Read the items of one split, in the order of the file.

    Args:
        folder: holds ``catalogue.parquet`` with the columns id, title, articleType, category, gender, baseColour,
            design, split (text; only the id and the split must be given) and image (bytes of a picture).
        split: train, val or test, or any other that the file has.

    Raises:
        CatalogueError: there is no such file, column or split, the file is damaged, a row has a value of another
            type, or an id is repeated.
    """
    path = folder / "catalogue.parquet"
    table = _table(path)
    items: dict[str, MyntraItem] = {}
    splits: set[str] = set()
    for entry in table.read(COLUMNS, others=False):
        if isinstance(entry, Skipped):
            continue  # for mypy: Parquet has no broken rows
        number, row = entry
        splits.add(str(row["split"]))
        if row["split"] == split:
            item = _item(row, f"{path} row {number}")
            if item.id in items:
                raise CatalogueError(f"{path} row {number}: the id {item.id!r} comes twice: ids must be unique")
            items[item.id] = item
    if not items:
        raise CatalogueError(f"{path} has no split {split!r}: there are {', '.join(sorted(splits)) or 'no rows'}")
    return list(items.values())


def splits_of(folder: Path) -> tuple[str, ...]:
    """Return the splits of a catalogue, in the order in which the file has them.

    Args:
        folder: as ``read_catalogue`` takes it.

    Raises:
        CatalogueError: as there.
    """
    rows = _table(folder / "catalogue.parquet").read(("split",), others=False)
    return tuple(dict.fromkeys(str(entry[1]["split"]) for entry in rows if not isinstance(entry, Skipped)))


def _table(path: Path) -> ParquetRows:
    if not path.is_file():
        raise CatalogueError(f"{path}: there is no such file: give the folder that holds catalogue.parquet")
    table = ParquetRows(path)
    lacking = [name for name in COLUMNS if name not in table.columns]
    if lacking:
        raise CatalogueError(
            f"{path} has no column {lacking[0]!r}: it needs {', '.join(COLUMNS)} and has {', '.join(table.columns)}"
        )
    return table


def _item(row: dict[str, object], where: str) -> MyntraItem:
    id, image = row["id"], row["image"]
    if not isinstance(id, str) or not id:
        raise CatalogueError(f"{where}: the id is {id!r}: it must be a text that is not empty")
    if not isinstance(image, bytes):
        raise CatalogueError(f"{where}: the image is {type(image).__name__}, not the bytes of a picture: write them")
    texts = {name: "" if row[name] is None else row[name] for name in TEXTS}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise CatalogueError(f"{where}: {name} is {text!r}: it must be a text")
    title, article_type, category, gender, base_colour, design = map(str, texts.values())
    return MyntraItem(id, title, article_type, category, gender, base_colour, design, image)
