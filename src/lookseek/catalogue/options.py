"""What a person may say of how a source is to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    @property
    def arguments(self) -> tuple[str, ...]:
        """What was said of how to read, as the command line takes it, without the fetching of photos."""
        given = [f"--{role.replace('photo', 'image')}-column {name}" for role, name in self.columns.items()]
        given += [f"--image-pattern {self.image_pattern}"] if self.image_pattern else []
        given += [f"--decimal {self.decimal}"] if self.decimal else []
        given += [f"--join {self.join}"] if self.join else []
        given += [f"--on {self.on}"] if self.on else []
        return (*given, *(f"--exclude {pattern}" for pattern in self.exclude))

    def to_dict(self) -> dict[str, Any]:
        """Return what was said as JSON has it; empty where nothing was. Whether photos are fetched is not kept."""
        told: dict[str, Any] = {
            "columns": dict(self.columns),
            "image_pattern": self.image_pattern,
            "decimal": self.decimal,
            "join": str(self.join.absolute()) if self.join else None,
            "on": self.on,
            "exclude": list(self.exclude),
        }
        return {name: value for name, value in told.items() if value}

    def over(self, before: Mapping[str, Any]) -> ReadingOptions:
        """Return these options, and where they say nothing those of before.

        Args:
            before: as ``to_dict`` returns it.
        """
        join = before.get("join")
        return replace(
            self,
            columns={**before.get("columns", {}), **self.columns},
            image_pattern=self.image_pattern or before.get("image_pattern", ""),
            decimal=self.decimal or before.get("decimal"),
            join=self.join or (Path(join) if join else None),
            on=self.on or ("" if self.join else before.get("on", "")),
            exclude=self.exclude or tuple(before.get("exclude", ())),
        )


DEFAULT_OPTIONS = ReadingOptions()
