"""What a person may say of how a source is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .amounts import Decimal
from .layouts import ColumnRole

if TYPE_CHECKING:
    from .remote_photos import RemotePhotos

__all__ = ["DEFAULT_OPTIONS", "ReadingOptions"]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How to read a source, where it is not found out.

    Args:
        columns: role to the table's column; "" for none.
        image_pattern: where the photos lie that no column names, e.g. ``images/{id}.jpg``; "" to guess.
        decimal: the sign before decimals in all columns; None to find it for each.
        join: a second table with more columns; None for none.
        on: the column by which rows of both belong together, "" for the id's.
        exclude: patterns of files and folders to leave out, as ``fnmatch`` reads them.
        remote: fetches the photos that a table names by web address; None to leave those out.
    """

    columns: Mapping[ColumnRole, str] = field(default_factory=dict)
    image_pattern: str = ""
    decimal: Decimal | None = None
    join: Path | None = None
    on: str = ""
    exclude: tuple[str, ...] = ()
    remote: RemotePhotos | None = None

    @property
    def of_tables(self) -> tuple[str, ...]:
        """The options that only a table has, as the command line spells them."""
        given = [f"--{role.replace('photo', 'image')}-column" for role in self.columns]
        given += ["--image-pattern"] if self.image_pattern else []
        given += ["--decimal"] if self.decimal else []
        given += ["--join"] if self.join else []
        return (*given, *(["--fetch"] if self.remote else []))


DEFAULT_OPTIONS = ReadingOptions()
