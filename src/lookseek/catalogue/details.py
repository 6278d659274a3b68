"""What a shop says of its items beside title, type and colour: ``details.parquet``, which stands by the catalogue."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import CatalogueError
from ..types import Skipped
from .facts import Facts, facts_of
from .parquet import ParquetRows

__all__ = ["DETAILS", "Details", "read_details"]

DETAILS = "details.parquet"
COLUMNS = ("id", "brand", "attributes", "description")


@dataclass(frozen=True, slots=True)
class Details:
    """What a shop says of one item.

    Args:
        brand: "" where it says none.
        attributes: as the shop has them, e.g. ``{"Sleeve Length": "Short Sleeves"}``.
        description: prose, not cleaned; see ``descriptions.sentences``.
    """

    brand: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    def facts(self, article_type: str) -> Facts:
        """Return the facts that attributes state, in the vocabulary of ``facts.py``."""
        return facts_of(article_type, self.attributes)


def read_details(folder: Path, ids: Container[str] | None = None) -> dict[str, Details]:
    """Read the details of items, by id.

    Args:
        folder: holds ``details.parquet`` with the columns id, brand, attributes (a JSON object of texts) and
            description.
        ids: whose; None for all.

    Raises:
        CatalogueError: there is no such file or column, it is damaged, or attributes are no JSON object.
    """
    path = folder / DETAILS
    if not path.is_file():
        raise CatalogueError(f"{path}: there is no such file: give a folder that holds {DETAILS} beside its catalogue")
    table = ParquetRows(path)
    if lacking := [name for name in COLUMNS if name not in table.columns]:
        raise CatalogueError(f"{path} has no column {lacking[0]!r}: it needs {', '.join(COLUMNS)}")
    found: dict[str, Details] = {}
    for entry in table.read(COLUMNS, others=False):
        if isinstance(entry, Skipped):
            continue  # for mypy: Parquet has no broken rows
        number, row = entry
        id = str(row["id"])
        if ids is None or id in ids:
            attributes = _attributes(row["attributes"], f"{path} row {number}")
            found[id] = Details(str(row["brand"] or ""), attributes, str(row["description"] or ""))
    return found


def _attributes(value: object, where: str) -> dict[str, str]:
    if value is None or value == "":
        return {}
    try:
        read = json.loads(str(value))
    except ValueError as error:
        raise CatalogueError(f"{where}: the attributes are no JSON ({error}): write an object of texts") from error
    if not isinstance(read, dict):
        raise CatalogueError(f"{where}: the attributes are {type(read).__name__}, no object: give names and texts")
    return {str(name): str(text) for name, text in read.items()}
