"""Photos with a shop's own texts, in three splits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ...catalogue.descriptions import sentences
from ...catalogue.details import DETAILS, Details, read_details
from ...catalogue.myntra import read_catalogue, splits_of
from ...errors import TrainError
from ...evaluate.benchmarks.anytable import SPLIT, Table, read_table
from ...types import Photo
from ..labelled import SPLITS, split_of_id

__all__ = ["Texts", "read_texts"]

DESCRIPTIONS = ("description", "body", "body_html", "descriptive_text", "detail_desc", "details", "text", "caption")
"""Columns of texts beside the title, in lower case with _ for blanks. Sources: exports of Shopify and WooCommerce,
H&M's articles, and what tables of captions call theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Photos with texts.

    Args:
        splits: ``SPLITS`` to id and text of each photo; "" where the shop says nothing.
        photos: id to photo.
        notes: what a reader of the figures must know.
    """

    splits: Mapping[str, Mapping[str, str]]
    photos: Mapping[str, Photo]
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> str:
        """Hex SHA-256 of ids and texts: with another one it is another training."""
        digest = sha256()
        for split in SPLITS:
            digest.update(repr(sorted(self.splits[split].items())).encode())
        return digest.hexdigest()


def read_texts(data: str) -> Texts:
    """Read photos with titles and descriptions.

    Args:
        data: the folder ``myntra`` (catalogue.parquet, and details.parquet if it is there), or whatever
            ``open_catalogue`` opens: titles, and the columns named ``DESCRIPTIONS``.

    Raises:
        TrainError: no photo of train or of val has a text.
        CatalogueError: the source can't be read.
    """
    found = _shop(Path(data)) if (Path(data) / "catalogue.parquet").is_file() else _table(data)
    for split in ("train", "val"):
        if not any(found.splits[split].values()):
            raise TrainError(
                f"no photo of {split} in {data} has a title or a description: give a table with a title, or a column "
                f"{DESCRIPTIONS[0]}"
            )
    return found


def _shop(folder: Path) -> Texts:
    details = read_details(folder) if (folder / DETAILS).is_file() else {}
    splits: dict[str, dict[str, str]] = {split: {} for split in SPLITS}
    photos: dict[str, Photo] = {}
    for split in splits_of(folder):
        for item in read_catalogue(folder, split) if split in SPLITS else ():
            own = details.get(item.id, Details())
            splits[split][item.id] = _joined(item.title, own.description, own.brand)
            photos[item.id] = item.image
    return Texts(splits, photos)


def _table(data: str) -> Texts:
    table = read_table(Path(data))
    columns = [name for name in table.columns if name.lower().replace(" ", "_") in DESCRIPTIONS]
    splits: dict[str, dict[str, str]] = {split: {} for split in SPLITS}
    given = table.columns.get(SPLIT)
    for row, id in enumerate(table.ids):
        split = split_of_id(id) if given is None else str(given[row])
        if split in splits:
            said = ". ".join(str(table.columns[name][row] or "") for name in columns)
            splits[split][id] = _joined(table.titles[row], said, _brand(table, row))
    notes = (
        () if given else (f"{data} has no column split: a tenth of its photos are val and a tenth test, by their ids.",)
    )
    return Texts(splits, table.photos, notes)


def _brand(table: Table, row: int) -> str:
    column: Sequence[object] = table.columns.get("brand") or ()
    return str(column[row] or "") if column else ""


def _joined(title: str, description: str, brand: str) -> str:
    """Title without the brand, and the sentences on what a photo shows; where none is found, the whole description."""
    if brand:
        title = re.sub(rf"\b{re.escape(brand)}\b(?:'s)?", " ", title, flags=re.IGNORECASE)
    said = ". ".join(sentences(description, brand)) or description
    return f"{title}. {said}".strip(" .")
